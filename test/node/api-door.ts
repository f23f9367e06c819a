import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiFault } from "./api-fault.ts";
import type { Identity } from "./node-identity.ts";
import { receiveUpload } from "./receive-upload.ts";
import type { StandIn } from "./stand-in.ts";

/** What goes wrong on the way, each once, when it is set. */
export interface DoorFaults {
  /** The connection is cut after so many bytes of an upload. */
  cutUploadAfter?: number;
  /** A request like this is carried out, and its answer never sent. */
  loseAnswerTo?: RegExp;
  /** A request like this is never read. */
  loseRequest?: RegExp;
  /** Called before a request like this is answered. */
  before?: { readonly request: RegExp; readonly act: () => void | Promise<void> };
}

/** pve-http-server lets those without any credentials wait. */
const pause = 3000;
const bodyLimit = 512 * 1024;

/**
 * `https://HOST:PORT/api2/json` of a stand-in, as pve-http-server 5.2 answers: TLS with the
 * node's own authority, tokens and tickets, faults in the reason phrase.
 */
export async function openApiDoor(node: StandIn, identity: Identity, listen: { host?: string; port?: number } = {}) {
  const faults: DoorFaults = {};
  const sockets = new Set<Duplex>();
  let upload = 0;

  const authenticate = (request: IncomingMessage): string => {
    const { authorization, cookie } = request.headers;
    if (authorization?.startsWith("PVEAPIToken=")) return node.access.tokenUser(authorization);
    const ticket = /(?:^|; *)PVEAuthCookie=([^;]*)/.exec(cookie ?? "")?.[1];
    if (ticket === undefined) throw new ApiFault(401, "No ticket");
    const csrf = request.headers.csrfpreventiontoken;
    return node.access.ticketUser(decodeURIComponent(ticket), csrf?.toString(), request.method !== "GET");
  };

  const carryOut = async (request: IncomingMessage, path: string, query: URLSearchParams): Promise<unknown> => {
    const method = request.method ?? "GET";
    if (method === "POST" && path === "/access/ticket") {
      const form = new URLSearchParams(await bodyOf(request));
      return node.access.login(form.get("username") ?? "", form.get("password") ?? "");
    }
    const user = authenticate(request);
    const storage = /^\/nodes\/([^/]+)\/storage\/([^/]+)\/upload$/.exec(path);
    if (method === "POST" && storage?.[2] !== undefined) {
      upload += 1;
      const temporary = `${node.state.uploads}-${upload}`;
      const cutAfter = faults.cutUploadAfter;
      delete faults.cutUploadAfter;
      const received = await receiveUpload(request, { temporary, cutAfter });
      const to = node.state.members.get(storage[1] ?? "") ?? node;
      return to.importUpload(user, { ...received, temporary, storage: storage[2] });
    }
    const parameters = method === "GET" || method === "DELETE" ? query : new URLSearchParams(await bodyOf(request));
    return node.request(user, method, path, Object.fromEntries(parameters));
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "https://node");
    const path = url.pathname.replace(/^\/api2\/json/, "");
    const what = `${request.method} ${path}`;
    try {
      if (faults.loseRequest?.test(what)) {
        delete faults.loseRequest;
        request.socket.destroy();
        return;
      }
      if (faults.before?.request.test(what)) {
        const { act } = faults.before;
        delete faults.before;
        await act();
      }
      if (!url.pathname.startsWith("/api2/json/")) throw new ApiFault(501, `no such file '${url.pathname}'`);
      const data = await carryOut(request, path, url.searchParams);
      if (faults.loseAnswerTo?.test(what)) {
        delete faults.loseAnswerTo;
        request.socket.destroy();
        return;
      }
      reply(response, 200, "OK", JSON.stringify({ data }));
    } catch (error) {
      if (response.destroyed || response.socket === null) return;
      request.resume();
      const fault = error instanceof ApiFault ? error : new ApiFault(500, String(error));
      const { status, message, errors } = fault;
      // Whoever has no credentials gets neither a body nor a quick answer.
      if (message === "No ticket") {
        await sleep(pause);
        return reply(response, status, message, "");
      }
      reply(
        response,
        status,
        message,
        JSON.stringify({ data: null, message: `${message}\n`, ...(errors && { errors }) }),
      );
    }
  };

  const open = async (port: number) => {
    const server = createServer({ key: identity.key, cert: identity.cert }, (request, response) => {
      void answer(request, response);
    });
    server.on("connection", (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("error", () => {});
    });
    server.listen(port, listen.host ?? "127.0.0.1");
    await once(server, "listening");
    return server;
  };

  let server = await open(listen.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    port,
    faults,
    /** The node's power is cut, as seen from outside; what it does goes on. */
    close,
    reopen: async (): Promise<void> => {
      server = await open(port);
    },
  };
}

export type ApiDoor = Awaited<ReturnType<typeof openApiDoor>>;

function reply(response: ServerResponse, status: number, reason: string, body: string): void {
  const type = body === "" ? {} : { "content-type": "application/json;charset=UTF-8" };
  response.writeHead(status, reason.replace(/\s+/g, " "), { ...type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  if (request.headers["transfer-encoding"] !== undefined) {
    throw new ApiFault(501, "chunked transfer encoding not supported");
  }
  if (Number(request.headers["content-length"] ?? 0) > bodyLimit) throw new ApiFault(501, "for data too large");
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
