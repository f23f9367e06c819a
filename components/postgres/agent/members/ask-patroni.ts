import { request } from "node:https";
import { memberTls } from "../../../../engine/cluster/member-tls.ts";
import { abortable } from "../../../../lib/abortable.ts";
import { StackError } from "../../../../lib/error.ts";
import type { ClusterModel } from "../../../../stack/components/cluster/model.ts";

export interface PatroniQuestion {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Default GET. */
  readonly method?: "GET" | "PATCH";
  /** What changes something needs it. */
  readonly password?: string;
  readonly body?: unknown;
}

export interface PatroniAnswer {
  readonly status: number;
  /** Undefined where it is no JSON. */
  readonly body: unknown;
}

/**
 * Asks a member's Patroni, or its etcd, which speaks HTTPS too.
 *
 * @throws StackError `not-a-member`; the socket's error, TLS's, the signal's reason
 */
export async function askPatroni(
  cluster: ClusterModel,
  { host, port, path, method = "GET", password, body }: PatroniQuestion,
  signal: AbortSignal,
): Promise<PatroniAnswer> {
  const tls = await memberTls(cluster, host);
  signal.throwIfAborted();
  const headers = {
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(password === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(`patroni:${password}`).toString("base64")}` }),
  };
  // A connection a question: a renewed certificate is shown.
  const asked = request({ host, port, path, method, headers, agent: false, ...tls });
  const answer = new Promise<PatroniAnswer>((resolve, reject) => {
    asked.on("error", reject);
    asked.on("response", (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, body: jsonOf(Buffer.concat(parts).toString()) });
      });
    });
  });
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  return abortable(answer, signal, () => asked.destroy());
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @throws StackError `patroni-refused` where it doesn't answer with 200 */
export async function patroniBody(
  cluster: ClusterModel,
  question: PatroniQuestion,
  signal: AbortSignal,
): Promise<unknown> {
  const { status, body } = await askPatroni(cluster, question, signal);
  if (status === 200) return body;
  const what = `${question.method ?? "GET"} ${question.path}`;
  throw new StackError("patroni-refused", `Patroni on ${question.host} answers ${what} with ${status}`, {
    hint: "journalctl -b -t postgresql",
  });
}
