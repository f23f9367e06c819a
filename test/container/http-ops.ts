import { connect } from "node:net";
import { isErrno } from "../../lib/error.ts";
import type { ClientOps } from "./client-ops.ts";

type Op<K extends keyof ClientOps> = (args: ClientOps[K]["args"]) => Promise<ClientOps[K]["result"]>;

/** HTTP with every answer taken as it is, and bare TCP connections. */
export function httpOps(): { http: Op<"http">; tcp: Op<"tcp"> } {
  return {
    http: async ({ url, timeout, ...request }) => {
      const signal = AbortSignal.timeout(timeout ?? 10_000);
      const answer = await fetch(url, { ...request, redirect: "manual", signal }).catch((error: unknown) => {
        // fetch hides the system's error behind "fetch failed".
        throw error instanceof TypeError && error.cause !== undefined ? error.cause : error;
      });
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
    },
    tcp: ({ host, port, timeout }) =>
      new Promise((resolve, reject) => {
        const socket = connect({ host, port, timeout: timeout ?? 10_000 });
        const end = (result: "open" | "refused" | "unreachable" | "silent"): void => {
          socket.destroy();
          resolve(result);
        };
        socket.once("connect", () => end("open"));
        socket.once("timeout", () => end("silent"));
        socket.once("error", (error) => {
          if (isErrno(error, "ECONNREFUSED")) end("refused");
          else if (isErrno(error, "ETIMEDOUT")) end("silent");
          else if (isErrno(error, "EHOSTUNREACH", "ENETUNREACH")) end("unreachable");
          else reject(error);
        });
      }),
  };
}
