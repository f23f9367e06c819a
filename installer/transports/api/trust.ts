import { connect, type DetailedPeerCertificate, type TLSSocket } from "node:tls";
import { buildConnector } from "undici";
import { StackError } from "../../../lib/error.ts";

/** What makes a node's certificate a trusted one; neither: the authorities that this machine trusts. */
export interface Trust {
  /** SHA-256 of the certificate itself, with or without colons. */
  readonly fingerprint?: string | undefined;
  /** PEM text of the authority that signed it, `/etc/pve/pve-root-ca.pem` of the node. */
  readonly ca?: string | undefined;
}

const patience = 15_000;

/**
 * Opens TLS connections to trusted nodes only. A fingerprint is compared before a byte is sent.
 *
 * @throws StackError `untrusted-certificate`, through the connection's callback
 */
export function trustedConnector(trust: Trust): buildConnector.connector {
  const { fingerprint, ca } = trust;
  const open = buildConnector({
    timeout: patience,
    // Of a resumed session the certificate isn't seen again.
    maxCachedSessions: 0,
    ...(ca !== undefined && { ca }),
    ...(fingerprint !== undefined && { rejectUnauthorized: false }),
  });
  if (fingerprint === undefined) return open;
  return (options, callback) =>
    open(options, (error, socket) => {
      if (error !== null) return callback(error, null);
      const seen = (socket as TLSSocket).getPeerCertificate().fingerprint256;
      if (plain(seen) === plain(fingerprint)) return callback(null, socket);
      socket.destroy();
      callback(
        new StackError("untrusted-certificate", `the node's certificate is another one than --fingerprint says`, {
          detail: [`expected ${fingerprint}`, `seen     ${seen}`],
          hint: howToCompare,
        }),
        null,
      );
    });
}

/** Errors of OpenSSL and Node that say: nobody trusted has signed this. */
const verdicts =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH|INVALID_CA)/;

/** Whether a connection failed for its certificate. */
export function isVerdict(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && verdicts.test(String(error.code));
}

/** What to say of a certificate that isn't trusted: what was seen, how to compare it, what to do then. */
export async function untrusted(host: string, port: number, cause: Error): Promise<StackError> {
  const seen = await certificateOf(host, port).catch(() => undefined);
  return new StackError(
    "untrusted-certificate",
    `the certificate of ${host.includes(":") ? `[${host}]` : host}:${port} is signed by nobody trusted here`,
    {
      cause,
      detail: seen === undefined ? [] : [`SHA-256 ${seen.fingerprint256}`, `subject ${seen.subject.CN ?? "?"}`],
      hint: howToCompare,
    },
  );
}

const howToCompare =
  "compare it on the node (pvenode cert info) and pass --fingerprint, or copy /etc/pve/pve-root-ca.pem " +
  "from the node by a way you trust and pass --ca-file";

/** The certificate as it is shown, to be told; nothing is sent over this connection. */
function certificateOf(host: string, port: number): Promise<DetailedPeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: patience, ...named(host) }, () => {
      resolve(socket.getPeerCertificate(true));
      socket.destroy();
    });
    socket.once("error", reject);
    socket.once("timeout", () => socket.destroy(new Error("no answer")));
  });
}

/** The name that is asked for; an address is none. */
function named(host: string): { readonly servername?: string } {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host };
}

function plain(fingerprint: string): string {
  return fingerprint.replaceAll(":", "").toUpperCase();
}
