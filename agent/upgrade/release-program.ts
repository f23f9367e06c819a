import { isStackError, StackError } from "../../lib/error.ts";
import type { Run, RunOptions, RunResult } from "../../lib/run.ts";
import { agentReleaseFolder } from "../../stack/agent-releases.ts";

/** Runs stack-agent of one release, whichever is in force. */
export type ReleaseProgram = (args: readonly string[], options?: RunOptions) => Promise<RunResult>;

export function releaseProgram(id: string, run: Run, options: RunOptions): ReleaseProgram {
  const folder = agentReleaseFolder(id);
  const start = ["--max-semi-space-size=1", `${folder}/lib/stack-agent.cjs`];
  return (args, more) => run(`${folder}/bin/node`, [...start, ...args], { ...options, ...more });
}

/** The JSON that it prints. @throws StackError its own error, which it prints in its place */
export async function jsonFrom(
  program: ReleaseProgram,
  args: readonly string[],
  options: RunOptions,
): Promise<unknown> {
  const { stdout, code } = await program([...args, "--json"], { ...options, accept: [0, 1, 2, 64] });
  let document: unknown;
  try {
    document = JSON.parse(stdout);
  } catch (cause) {
    throw new StackError("other-format", "the release's program prints what this one doesn't understand", { cause });
  }
  if (code === 0) return document;
  const { code: error = "", message = "", hint, detail } = document as Partial<StackError>;
  throw new StackError(error, message, { hint, ...(detail && { detail }), exit: code });
}

/** What a failed program said last. */
export function saidBy(error: unknown): readonly string[] {
  return isStackError(error) ? error.detail : [];
}
