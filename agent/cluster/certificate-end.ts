import { connect } from "node:tls";
import type { CertificateEnd } from "./cluster-status.ts";

/** Milliseconds for each port that is tried. */
const patience = 2_000;

/** Asks a node's servers, one after the other, until one shows its certificate. @param ports where TLS is spoken at once */
export function certificateEnd(ports: readonly number[], signal: AbortSignal): CertificateEnd {
  return async ({ address }) => {
    for (const port of ports) {
      const end = await endAt(address, port);
      signal.throwIfAborted();
      if (end !== undefined) return end;
    }
    return undefined;
  };
}

function endAt(host: string, port: number): Promise<Date | undefined> {
  return new Promise((resolve) => {
    // It is only looked at: nothing is believed, and nothing sent.
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: patience });
    const end = (): void => {
      const date = new Date(socket.getPeerCertificate().valid_to ?? "");
      socket.destroy();
      resolve(Number.isNaN(date.getTime()) ? undefined : date);
    };
    const none = (): void => {
      socket.destroy();
      resolve(undefined);
    };
    socket.once("secureConnect", end);
    socket.once("error", none);
    socket.once("timeout", none);
    setTimeout(none, patience).unref();
  });
}
