import { type Agent, request } from "node:http";
import { request as requestByTls } from "node:https";
import { verifiedTls } from "../../../engine/verified-tls.ts";
import { StackError } from "../../../lib/error.ts";
import type { Deadline } from "../../../lib/within-deadline.ts";
import { loopback } from "../../../stack/loopback.ts";

export interface ManagementLogin {
  /** Default: loopback. */
  readonly host?: string;
  readonly port: number;
  /** By TLS, with a certificate that one of these authorities has signed. */
  readonly ca?: string | undefined;
  readonly user: string;
  readonly password: string;
}

/** Most of an answer that is read, bytes; definitions of thousands of queues are a few MB. */
const MAX_ANSWER = 32 * 1024 * 1024;

/**
 * One request to RabbitMQ's management API on loopback.
 *
 * @param options.agent keeps the connection; without one it is closed
 * @param path below /api, e.g. `/definitions`
 * @returns the answer, parsed; undefined where it has none
 * @throws StackError `management-refused` (401), `management-failed` (any other status than 2xx);
 *   the system's error (ECONNREFUSED); the signal's reason
 */
export async function management(
  login: ManagementLogin,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  options: { readonly signal: AbortSignal; readonly body?: string; readonly agent?: Agent },
): Promise<unknown> {
  const { host = loopback, port, ca } = login;
  const tls = ca === undefined ? {} : await verifiedTls(host, ca);
  return new Promise((resolve, reject) => {
    const sent = (ca === undefined ? request : requestByTls)(
      {
        ...{ host, port, ...tls },
        method,
        path: `/api${path}`,
        auth: `${login.user}:${login.password}`,
        headers: {
          ...(options.agent === undefined ? { connection: "close" } : {}),
          ...(options.body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(options.agent && { agent: options.agent }),
        signal: options.signal,
      },
      (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_ANSWER) sent.destroy(failed(method, path, "an answer of more than 32 MiB"));
          else chunks.push(chunk);
        });
        answer.on("error", reject);
        answer.on("end", () => {
          try {
            resolve(read(method, path, answer.statusCode ?? 0, Buffer.concat(chunks).toString()));
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    sent.on("error", (error) => reject(options.signal.aborted ? options.signal.reason : error));
    sent.end(options.body);
  });
}

/** @param timeout milliseconds */
export function managementDeadline(port: number, timeout: number): Deadline {
  return { who: `RabbitMQ's management on port ${port}`, timeout, hint: "journalctl -b -u rabbitmq-server" };
}

function read(method: string, path: string, status: number, text: string): unknown {
  if (status === 401) {
    throw new StackError("management-refused", "RabbitMQ refuses the administrator's login");
  }
  if (status < 200 || status > 299) throw failed(method, path, `status ${status}: ${text.slice(0, 500)}`);
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw failed(method, path, "something that is not JSON");
  }
}

function failed(method: string, path: string, what: string): StackError {
  return new StackError("management-failed", `RabbitMQ answered ${method} ${path} with ${what}`, {
    hint: "journalctl -b -u rabbitmq-server",
  });
}
