import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isErrno, StackError } from "../../lib/error.ts";
import { type Answer, answer, errorAnswer, type Source } from "./routes.ts";
import type { Entitlement } from "./token-gate.ts";

export interface HealthServer {
  readonly port: number;
  /** Ends every connection at once: an answer is made from memory, none is left half-given. */
  close(): Promise<void>;
}

export interface HealthServerOptions {
  /** Undefined: every address of both families, of IPv4 alone where the kernel has no IPv6. */
  readonly host?: string | undefined;
  /** 0: any free one. */
  readonly port: number;
  readonly source: Source;
  readonly entitlement: (authorization: string | undefined) => Promise<Entitlement>;
}

/** No monitor needs more, and nobody can hold more of the agent's memory. */
const limits = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
};
const maxConnections = 512;

/**
 * Listens for health requests, and answers each from memory.
 *
 * @throws StackError `port-in-use`, `listen-failed`
 */
export async function healthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer(limits, (request, response) => {
    respond(request, options).then(
      (given) => send(request, response, given),
      () => send(request, response, errorAnswer(500, { code: "internal", message: "internal error", detail: [] })),
    );
  });
  server.maxConnections = maxConnections;
  await listen(server, options);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(request: IncomingMessage, options: HealthServerOptions): Promise<Answer> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return errorAnswer(405, { code: "method-not-allowed", message: "only GET and HEAD are answered", detail: [] });
  }
  const entitlement = await options.entitlement(request.headers.authorization);
  if (entitlement === "refused") {
    return errorAnswer(401, {
      code: "wrong-token",
      message: "this is not the agent's token",
      hint: "stack-agent health --help tells where it is; without one, names and states are shown",
      detail: [],
    });
  }
  const path = /^[^?#]*/.exec(request.url ?? "/")?.[0] ?? "/";
  return answer(path, options.source, entitlement === "detail");
}

function send(request: IncomingMessage, response: ServerResponse, given: Answer): void {
  if (response.destroyed) return;
  response.writeHead(given.code, {
    "Content-Type": given.type,
    "Content-Length": Buffer.byteLength(given.body),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    ...(given.code === 405 ? { Allow: "GET, HEAD", Connection: "close" } : {}),
    ...(given.code === 401 ? { "WWW-Authenticate": "Bearer" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : given.body);
}

function listen(server: Server, options: HealthServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        isErrno(cause, "EADDRINUSE")
          ? new StackError("port-in-use", `port ${options.port} is taken by another program`, {
              hint: `ss -ltnp 'sport = :${options.port}'`,
              cause,
            })
          : new StackError("listen-failed", `can't listen on ${options.host ?? "*"}:${options.port}`, { cause }),
      );
    });
    server.listen({ port: options.port, host: options.host }, resolve);
  });
}
