import { isStackError, StackError } from "../../lib/error.ts";
import { waitFor } from "../../lib/wait.ts";
import type { Node } from "./node.ts";
import { taskWarnings } from "./task-warnings.ts";

export interface TaskWait {
  /** What the task does, for messages: "creating container 120". */
  readonly what: string;
  /** Milliseconds until the task is given up. */
  readonly timeout: number;
  /** Milliseconds the node may be out of reach meanwhile. */
  readonly absence: number;
  readonly signal: AbortSignal;
  /** The newest line of its log, when it is another one. */
  readonly onLine?: (line: string) => void;
  /** Each warning it ended with, with what it means here. */
  readonly onWarning?: (line: string) => void;
}

/**
 * Waits for the end of a task on the node. It goes on there whatever becomes of the waiting.
 *
 * @throws StackError `task-failed` (`detail`: the end of its log), `task-timeout`, `node-gone`, `aborted`
 */
export async function waitTask(node: Node, upid: string, wait: TaskWait): Promise<void> {
  const { what, timeout, absence, signal, onLine, onWarning } = wait;
  let heard = Date.now();
  let newest: string | undefined;
  const look = async (): Promise<string | undefined> => {
    try {
      const { status, exitstatus } = await node.taskStatus(upid);
      heard = Date.now();
      if (status === "stopped") return exitstatus ?? "unknown";
      const line = (await node.taskLog(upid, 1))[0];
      if (line !== undefined && line !== newest) onLine?.(line);
      newest = line;
    } catch (error) {
      if (!isStackError(error) || error.code !== "node-unreachable") throw error;
      if (Date.now() - heard > absence) {
        throw new StackError("node-gone", `the node is out of reach while it is ${what}`, {
          cause: error,
          hint: "when it is back, run the same command again: it carries on",
        });
      }
    }
    return undefined;
  };
  const end = await waitFor(tolerant(look), { what, timeout, interval: 250, signal }).catch((error: unknown) => {
    if (!isStackError(error) || error.code !== "timeout") throw error;
    throw new StackError("task-timeout", `the node is still ${what} after ${timeout / 1000} s`, {
      detail: [`task ${upid}`],
      hint: "look at the task in the web interface; it goes on there. The same command waits for it again; --timeout waits longer",
    });
  });
  if (end instanceof Error) throw end;
  if (end === "OK") return;
  if (end.startsWith("WARNINGS")) {
    // The text is worth no failure.
    const log = onWarning === undefined ? [] : await node.taskLog(upid, 5000).catch(() => []);
    for (const warning of taskWarnings(log)) onWarning?.(warning);
    return;
  }
  throw new StackError("task-failed", `${what} failed: ${end}`, { detail: await node.taskLog(upid).catch(() => []) });
}

/** An error ends the wait: it is no "not yet". */
function tolerant<T>(look: () => Promise<T>): () => Promise<T | Error> {
  return () => look().catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
}
