import { connect } from "node:net";
import type { CheckOpener, Outcome } from "../../../engine/check.ts";
import { isErrno, messageOf, StackError } from "../../../lib/error.ts";

const key = "stack-agent:health";

/** memcached takes a value and gives it back. */
export function memcachedCheck({ address, port }: { readonly address: string; readonly port: number }): CheckOpener {
  return () => ({ run: (signal) => look(address, port, signal), close: async () => {} });
}

async function look(host: string, port: number, signal: AbortSignal): Promise<Outcome> {
  const written = `${Date.now()}`;
  try {
    const asked = [`set ${key} 0 60 ${written.length}\r\n${written}\r\n`, `get ${key}\r\n`, "stats\r\n", "quit\r\n"];
    return judge(await answerTo(asked.join(""), { host, port, signal }), written);
  } catch (error) {
    return { status: "fail", code: signal.aborted ? "timeout" : codeOf(error), message: messageOf(error) };
  }
}

/** What the protocol's answers mean (memcached's doc/protocol.txt). */
export function judge(answer: string, written: string): Outcome {
  const [stored = "", value = "", read = ""] = answer.split("\r\n");
  const figure = (name: string): number => Number(new RegExp(`^STAT ${name} (\\d+)\\r$`, "m").exec(answer)?.[1] ?? 0);
  const limit = figure("limit_maxbytes");
  const used = limit === 0 ? 0 : Math.round((1000 * figure("bytes")) / limit) / 10;
  const observed = { observedValue: used };
  if (stored !== "STORED") return { status: "fail", code: "refused-write", message: stored, ...observed };
  if (!value.startsWith(`VALUE ${key} `) || read !== written) {
    return { status: "fail", code: "lost-write", message: "it lost what it was given", ...observed };
  }
  return { status: "pass", code: "ok", ...observed };
}

/** All that is said until the other side hangs up. */
function answerTo(
  text: string,
  { host, port, signal }: { readonly host: string; readonly port: number; readonly signal: AbortSignal },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    const chunks: Buffer[] = [];
    socket.on("connect", () => socket.write(text));
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => {
      if (chunks.length > 0) resolve(Buffer.concat(chunks).toString("latin1"));
      else reject(new StackError("no-answer", "memcached hung up without a word"));
    });
  });
}

function codeOf(error: unknown): string {
  if (isErrno(error, "ECONNREFUSED")) return "refused";
  return isErrno(error, "ECONNRESET") ? "reset" : "error";
}
