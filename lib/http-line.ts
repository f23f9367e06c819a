import { Agent, get } from "node:http";
import { connect, type Socket } from "node:net";
import { abortable } from "./abortable.ts";
import { isErrno, StackError } from "./error.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** One question that is asked again and again, over a connection that is kept. */
export interface HttpLine {
  /**
   * One at a time.
   *
   * @throws the system's error (ECONNREFUSED …); StackError `disconnected`, `answer-too-long`; the signal's reason
   */
  get(signal: AbortSignal): Promise<HttpAnswer>;
  close(): void;
}

export interface HttpLineOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** Most of an answer that is taken, bytes. */
const mostBytes = 64 * 1024;
/** Bytes that are read at once. */
const roomBytes = 4096;

interface Asked {
  /** It was open before the question. */
  readonly isKept: boolean;
  /** As it came, a character a byte. */
  text: string;
  readonly end: (how: HttpAnswer | Error | "again" | "otherwise") => void;
}

/**
 * `GET`s a path as cheaply as can be: of a request by node:http, all but the write and the read is
 * making objects, which an agent that looks every two seconds spends most of its time with. Only the
 * plainest answer is read here, one that tells its length; who answers otherwise is asked by node:http
 * from then on.
 */
export function httpLine({ host, port, path }: HttpLineOptions): HttpLine {
  const question = `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: keep-alive\r\n\r\n`;
  const room = Buffer.allocUnsafeSlow(roomBytes);
  let socket: Socket | undefined;
  let asked: Asked | undefined;
  let agent: Agent | undefined;

  const drop = (): void => {
    socket?.destroy();
    socket = undefined;
  };
  const take = (bytes: number): void => {
    if (asked === undefined) {
      // What nobody asked for belongs to no answer.
      drop();
      return;
    }
    asked.text += room.toString("latin1", 0, bytes);
    const answer = answerIn(asked.text);
    if (answer === undefined && asked.text.length <= mostBytes) return;
    if (answer === undefined || answer === "otherwise" || !answer.stays) drop();
    asked.end(answer ?? tooLong(path));
  };
  const open = (): Socket => {
    const callback = (bytes: number): boolean => {
      take(bytes);
      return true;
    };
    const opened = connect({ host, port, noDelay: true, onread: { buffer: room, callback } });
    const ended = (error?: Error): void => {
      if (socket !== opened) return;
      socket = undefined;
      opened.destroy();
      // Restarted since, or an idle connection was closed: that says nothing of how it is now.
      const isOld = asked?.isKept === true && asked.text === "";
      asked?.end(isOld ? "again" : (error ?? new StackError("disconnected", "the connection ended without an answer")));
    };
    opened.on("error", ended);
    opened.on("close", () => ended());
    return opened;
  };
  const ask = async (signal: AbortSignal): Promise<HttpAnswer> => {
    const { promise, resolve } = Promise.withResolvers<Parameters<Asked["end"]>[0]>();
    const isKept = socket !== undefined;
    socket ??= open();
    asked = { isKept, text: "", end: resolve };
    socket.write(question, "latin1");
    const how = await abortable(promise, signal, drop).finally(() => {
      asked = undefined;
    });
    if (how instanceof Error) throw how;
    if (how === "again") return ask(signal);
    if (how !== "otherwise") return how;
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
    return byNode(agent, { host, port, path }, signal);
  };

  return {
    get: (signal) => (agent === undefined ? ask(signal) : byNode(agent, { host, port, path }, signal)),
    close: () => {
      drop();
      agent?.destroy();
    },
  };
}

/** `stays`: the connection can be used again. Undefined: there is more to come. */
function answerIn(text: string): (HttpAnswer & { readonly stays: boolean }) | "otherwise" | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd === -1) return undefined;
  const head = text.slice(0, headEnd + 2).toLowerCase();
  const status = Number(/^http\/1\.1 ([2-5]\d\d)[ \r]/.exec(head)?.[1]);
  const length = Number(field(head, "content-length") ?? Number.NaN);
  if (!Number.isInteger(status) || !Number.isInteger(length) || status === 204 || status === 304) return "otherwise";
  if (field(head, "transfer-encoding") !== undefined) return "otherwise";
  const from = headEnd + 4;
  if (length > mostBytes || text.length < from + length) return length > mostBytes ? "otherwise" : undefined;
  const body = Buffer.from(text.slice(from, from + length), "latin1").toString();
  const stays = text.length === from + length && field(head, "connection") !== "close";
  return { status, body, stays };
}

/** @param head in small letters, each of its lines with its end */
function field(head: string, name: string): string | undefined {
  const label = `\r\n${name}:`;
  const at = head.indexOf(label);
  return at === -1 ? undefined : head.slice(at + label.length, head.indexOf("\r\n", at + 2)).trim();
}

function tooLong(path: string): StackError {
  return new StackError("answer-too-long", `GET ${path} answered more than ${mostBytes / 1024} KiB`);
}

function byNode(agent: Agent, options: HttpLineOptions, signal: AbortSignal): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = get({ ...options, agent, signal }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > mostBytes) request.destroy(tooLong(options.path));
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      response.on("error", reject);
    });
    request.on("error", (error) => {
      if (request.reusedSocket && isErrno(error, "ECONNRESET")) resolve(byNode(agent, options, signal));
      else reject(error);
    });
  });
}
