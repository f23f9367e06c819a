import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isErrno, StackError } from "../../lib/error.ts";
import { type Answer, answer, errorAnswer, eventsPath, type Source } from "./routes.ts";
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
    respond(request, response, options).then(
      (given) => given !== undefined && send(request, response, given),
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

/** @returns undefined: the page's events are told from now on */
async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  options: HealthServerOptions,
): Promise<Answer | undefined> {
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
  const detail = entitlement === "detail";
  if (path === eventsPath && request.method === "GET") return tellEvents(request, response, detail, options);
  return answer(path, options.source, detail);
}

/** Whoever showed the token is told detail for as long as it is the token. */
async function tellEvents(
  { headers: { authorization } }: IncomingMessage,
  response: ServerResponse,
  detail: boolean,
  { source, entitlement }: HealthServerOptions,
): Promise<Answer | undefined> {
  const page = await source.page();
  if (response.destroyed) return undefined;
  for (const [name, value] of Object.entries(safety)) response.setHeader(name, value);
  response.setHeader("Content-Type", "text/event-stream");
  const mayStay = async (): Promise<boolean> => !detail || (await entitlement(authorization)) === "detail";
  if (await page.follow(response, detail, mayStay)) return undefined;
  return errorAnswer(503, {
    code: "too-many-pages",
    message: "so many pages are open that no more are told of changes at once",
    hint: "the page itself is still answered",
    detail: [],
  });
}

/** The page takes its style, script and icon from here and nothing from elsewhere; the rest is no page at all. */
const safety = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Content-Security-Policy": [
    "default-src 'none'",
    ...["style-src", "script-src", "img-src", "connect-src"].map((kind) => `${kind} 'self'`),
    ...["base-uri", "form-action", "frame-ancestors"].map((kind) => `${kind} 'none'`),
  ].join("; "),
};

function send(request: IncomingMessage, response: ServerResponse, given: Answer): void {
  if (response.destroyed) return;
  response.writeHead(given.code, {
    "Content-Type": given.type,
    "Content-Length": Buffer.byteLength(given.body),
    ...safety,
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
