import { isStackError, StackError } from "../../lib/error.ts";
import { tail } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { type MovedDocument, movedDocument } from "../../stack/documents/handover.ts";
import { errorDocument } from "../../stack/documents/progress.ts";
import { jsonOf } from "../host/agents-error.ts";
import type { ExecResult } from "../ssh/exec-over.ts";
import type { NodeShell } from "../transports/node-shell.ts";

const DAY = 24 * 3_600_000;

/** Runs the agent in a container of the node. @returns what it printed */
export async function stackAgent(
  shell: NodeShell,
  vmid: number,
  words: readonly string[],
  timeout = 300_000,
): Promise<string> {
  const answer = await shell.exec(["pct", "exec", `${vmid}`, "--", "stack-agent", ...words], { timeout });
  if (answer.code === 0) return answer.stdout;
  throw agentsFault(answer, `stack-agent ${words.join(" ")} in container ${vmid} ended with ${answer.code}`);
}

/** On the node: nothing of it passes by the workstation. */
const passing = `set -o pipefail
from=$1 to=$2 what=$3
shift 3
pct exec "$from" -- stack-agent handover send "$what" | pct exec "$to" -- stack-agent handover receive "$what" "$@"`;

/**
 * Has one container hand over to the other, on their node.
 *
 * @returns what the receiving side printed, and what the sending one said it was
 */
export async function passOn(
  shell: NodeShell,
  { from, to, what, options = [] }: { from: number; to: number; what: string; options?: readonly string[] },
  onLine: (line: string) => void,
): Promise<{ readonly received: unknown; readonly sent: MovedDocument["moved"] | undefined }> {
  let sent: MovedDocument["moved"] | undefined;
  const answer = await shell.exec(["bash", "-c", passing, "bash", `${from}`, `${to}`, what, ...options], {
    timeout: DAY,
    onLine: (line, stream) => {
      if (stream !== "stderr") return;
      const document = movedDocument.safeParse(jsonOf(line));
      if (document.success) sent = document.data.moved;
      else onLine(line);
    },
  });
  if (answer.code !== 0) throw agentsFault(answer, `${what} could not be handed over`);
  return { received: jsonOf(answer.stdout), sent };
}

/** Moves a component's data. @throws StackError `not-all-moved` where both sides don't count the same */
export async function passOnData(
  shell: NodeShell,
  moving: { readonly from: number; readonly to: number; readonly what: string },
  onLine: (line: string) => void,
): Promise<MovedDocument["moved"]> {
  const { received, sent } = await passOn(shell, moving, onLine);
  const arrived = movedDocument.safeParse(received).data?.moved;
  if (sent !== undefined && arrived !== undefined && sameCounts(sent, arrived)) return arrived;
  throw new StackError("not-all-moved", `not all of ${moving.what}'s data has arrived`, {
    detail: [`sent: ${JSON.stringify(sent)}`, `arrived: ${JSON.stringify(arrived)}`],
  });
}

function sameCounts(sent: MovedDocument["moved"], arrived: MovedDocument["moved"]): boolean {
  const names = new Set([...Object.keys(sent), ...Object.keys(arrived)]);
  return [...names].every((name) => sent[name] === arrived[name]);
}

/**
 * Waits until all of a container's stack works, by its own agent: it needs no address for that.
 *
 * @param timeout milliseconds
 * @throws StackError `not-healthy`
 */
export async function waitHealthy(
  shell: NodeShell,
  vmid: number,
  { timeout, signal }: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<void> {
  let last: ExecResult | undefined;
  const words = ["stack-agent", "status", "--wait", "--timeout", "30"];
  await waitFor(
    async () => {
      last = await shell.exec(["pct", "exec", `${vmid}`, "--", ...words], { timeout: 60_000 });
      return last.code === 0 || last.code === 2;
    },
    { what: `the stack of container ${vmid}`, timeout, interval: 500, signal },
  ).catch((error: unknown) => {
    if (!isStackError(error) || error.code !== "timeout") throw error;
    throw new StackError("not-healthy", `the stack of container ${vmid} is not healthy after ${timeout / 1000} s`, {
      detail: tail(`${last?.stdout ?? ""}${last?.stderr ?? ""}`),
      hint: `pct exec ${vmid} -- stack-agent status; --timeout waits longer`,
    });
  });
}

/** The agent's own error, by what it prints for people: the first is the cause. */
function agentsFault({ stdout, stderr }: ExecResult, otherwise: string): StackError {
  const thrown = errorDocument.safeParse(jsonOf(stdout));
  if (thrown.success) return new StackError(thrown.data.code, thrown.data.message, thrown.data);
  const detail = tail(stdout + stderr);
  const [, message, code] = /^error: (.*) \[([a-z-]+)\]$/m.exec(stderr) ?? [];
  const hint = /^hint: +(.*)$/m.exec(stderr)?.[1];
  if (message === undefined || code === undefined) return new StackError("agent-failed", otherwise, { detail });
  return new StackError(code, `${otherwise}: ${message}`, { hint, detail });
}
