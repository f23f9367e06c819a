import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { Agent, type Dispatcher, request } from "undici";
import * as z from "zod/mini";
import { isStackError, messageOf, StackError } from "../../../lib/error.ts";
import type { Credentials } from "../credentials.ts";
import type { Parameters, Transport, Upload } from "../transport.ts";
import { answered } from "./answered.ts";
import { multipart } from "./multipart.ts";
import { isVerdict, type Trust, trustedConnector, untrusted } from "./trust.ts";

export interface ApiOptions {
  readonly host: string;
  readonly port: number;
  readonly credentials: Credentials;
  readonly trust: Trust;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without an answer, or without a byte of an upload taken. Default 120 000. */
  readonly patience?: number;
}

const ticketAnswer = z.object({ ticket: z.string(), CSRFPreventionToken: z.string() });

/** Proxmox gives a ticket two hours. */
const ticketAge = 60 * 60_000;

/** The node's REST API, `https://HOST:8006/api2/json`. Nothing is sent before `request`. */
export function apiTransport(options: ApiOptions): Transport {
  const { host, port, credentials, signal } = options;
  const patience = options.patience ?? 120_000;
  const where = `https://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`;
  const agent = new Agent({
    connect: trustedConnector(options.trust),
    headersTimeout: patience,
    bodyTimeout: patience,
  });
  let ticket: { readonly headers: Readonly<Record<string, string>>; readonly at: number } | undefined;

  const send = async (call: Call): Promise<unknown> => {
    let sent = false;
    try {
      const body = call.body?.(() => {
        sent = true;
      });
      const stops = [call.signal, signal].filter((one) => one !== undefined);
      const response = await request(`${where}${call.path}`, {
        method: call.method,
        headers: { accept: "application/json", ...call.headers },
        dispatcher: agent,
        headersTimeout: call.upload === true ? 0 : patience,
        ...(stops.length > 0 && { signal: AbortSignal.any(stops) }),
        ...(body !== undefined && { body }),
      });
      return answered({
        status: response.statusCode,
        reason: response.statusText,
        text: await response.body.text(),
        what: `${call.method} ${call.path.replace(/^\/api2\/json|\?.*$/g, "")}`,
      });
    } catch (error) {
      throw await told(error, call, sent);
    } finally {
      call.ended?.();
    }
  };

  const told = async (error: unknown, call: Call, sent: boolean): Promise<unknown> => {
    if (signal?.aborted) return new StackError("aborted", "stopped", { cause: signal.reason, exit: 130 });
    if (isStackError(error)) return error;
    const [cause, code] = [error as Error, (error as { code?: unknown }).code];
    if (isVerdict(cause)) return untrusted(host, port, cause);
    if (call.signal?.aborted && isStackError(call.signal.reason)) return call.signal.reason;
    if (call.upload === true && sent) {
      return new StackError("upload-cut", `the connection to ${where} was cut in the middle of the upload`, {
        cause,
        hint: "run the same command again: what the node has of the file counts for nothing",
      });
    }
    const unsent = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/;
    if (call.method !== "GET" && !unsent.test(String(code))) {
      return new StackError("answer-lost", `${where} took a request and gave no answer to it`, {
        cause,
        hint: "run the same command again: it looks first what was done",
      });
    }
    return new StackError("node-unreachable", `${where} does not answer: ${messageOf(cause)}`, {
      cause,
      hint: `is the address right, and port ${port} open from here? try: curl -k ${where}`,
    });
  };

  const login = async (): Promise<Readonly<Record<string, string>>> => {
    if (credentials.kind === "token") {
      return { authorization: `PVEAPIToken=${credentials.user}=${credentials.secret}` };
    }
    if (ticket !== undefined && Date.now() - ticket.at < ticketAge) return ticket.headers;
    const form = { username: credentials.user, password: credentials.password };
    const data = await send({ method: "POST", path: "/api2/json/access/ticket", ...formBody(form) });
    const parsed = ticketAnswer.safeParse(data);
    if (!parsed.success) {
      throw new StackError(
        "not-authenticated",
        `${credentials.user} needs a second factor, which can't be given here`,
        {
          hint: "use an API token: PROXMOX_TOKEN or --token-file",
        },
      );
    }
    const { ticket: value, CSRFPreventionToken } = parsed.data;
    ticket = {
      headers: { cookie: `PVEAuthCookie=${encodeURIComponent(value)}`, csrfpreventiontoken: CSRFPreventionToken },
      at: Date.now(),
    };
    return ticket.headers;
  };

  /** A refused ticket is renewed once: what it was refused for has not been done. */
  const authenticated = async (call: Call): Promise<unknown> => {
    const attempt = async () => send({ ...call, headers: { ...call.headers, ...(await login()) } });
    try {
      return await attempt();
    } catch (error) {
      if (!isStackError(error) || error.code !== "not-authenticated" || ticket === undefined) throw error;
      ticket = undefined;
      return attempt();
    }
  };

  return {
    way: "api",
    where,
    user: credentials.user,
    request: (method, path, parameters = {}) => {
      const upper = method.toUpperCase();
      const form = formOf(parameters);
      if (upper === "POST" || upper === "PUT") return authenticated({ method: upper, path, ...formBody(form) });
      const query = new URLSearchParams(form).toString();
      return authenticated({ method: upper as "GET", path: query === "" ? path : `${path}?${query}` });
    },
    upload: async (upload) => String(await authenticated(uploadCall(upload, patience))),
    // The API reads no file of a storage.
    checksum: async () => undefined,
    close: () => agent.close(),
  };
}

interface Call {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Made anew for each attempt; `begun` is called once a part of it is on its way. */
  readonly body?: (begun: () => void) => string | Readable;
  readonly ended?: () => void;
  readonly upload?: true;
  readonly signal?: AbortSignal;
}

function formBody(form: Readonly<Record<string, string>>): Pick<Call, "headers" | "body"> {
  const text = new URLSearchParams(form).toString();
  return { headers: { "content-type": "application/x-www-form-urlencoded" }, body: () => text };
}

/** As Proxmox writes them: 1 and 0, nothing for what is undefined. */
function formOf(parameters: Parameters): Record<string, string> {
  const entries = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, typeof value === "boolean" ? (value ? "1" : "0") : String(value)]),
  );
}

/** No limit to the whole, which is gigabytes on a slow line; only to standing still. */
function uploadCall(upload: Upload, patience: number): Call {
  const stalled = new AbortController();
  let clock: NodeJS.Timeout | undefined;
  const form = multipart(upload, `----stack${randomUUID().replaceAll("-", "")}`);
  return {
    method: "POST",
    path: `/api2/json/nodes/${upload.node}/storage/${upload.storage}/upload`,
    headers: { "content-type": form.type, "content-length": String(form.bytes) },
    upload: true,
    signal: stalled.signal,
    body: (begun) => {
      let sent = 0;
      const stop = (): void =>
        stalled.abort(
          new StackError("upload-stalled", `no byte of the upload was taken for ${patience / 1000} s`, {
            hint: "run the same command again; it begins anew",
          }),
        );
      clock = setTimeout(stop, patience);
      return Readable.from(
        form.body((bytes) => {
          begun();
          clearTimeout(clock);
          // The node copies the whole file before it answers.
          clock = setTimeout(stop, sent + bytes >= upload.bytes ? 10 * patience : patience);
          sent += bytes;
          upload.onProgress?.(sent);
        }),
        { objectMode: false },
      );
    },
    ended: () => clearTimeout(clock),
  };
}
