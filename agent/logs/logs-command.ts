import { spawn } from "node:child_process";
import { once } from "node:events";
import { ExitCode, isErrno, StackError } from "../../lib/error.ts";
import { type LogSource, logSources } from "../../stack/log-sources.ts";
import { loadModel } from "../model/load-model.ts";
import { journalMatches } from "./journal-matches.ts";

export interface LogsOptions {
  /** A component, service or stage; default the whole stack. */
  readonly component?: string;
  readonly follow?: boolean;
  /** As journalctl takes it: "2026-01-31 08:00", "1 hour ago". Default: since the boot. */
  readonly since?: string;
  readonly lines?: string;
  readonly definitionPath?: string;
}

/**
 * `stack-agent logs`: journalctl with the matches of a component, in this process's own
 * terminal, so that its pager, colours and Ctrl-C are journalctl's.
 *
 * @returns journalctl's exit code
 * @throws StackError `no-such-component` (exit 64), `missing-tool`; what `loadModel` throws
 */
export async function logsCommand(options: LogsOptions): Promise<number> {
  const model = await loadModel(options.definitionPath);
  return showJournal(journalArguments(logSources(model), options));
}

/** @throws StackError `no-such-component` */
export function journalArguments(
  sources: readonly LogSource[],
  { component, follow, since, lines }: LogsOptions,
): readonly string[] {
  const asked = component === undefined ? sources : sources.filter(({ name }) => name === component);
  if (asked.length === 0) {
    throw new StackError("no-such-component", `this stack has no component or stage ${component}`, {
      hint: `there are ${sources.map(({ name }) => name).join(", ")}`,
      exit: ExitCode.usage,
    });
  }
  return [
    "--no-hostname",
    ...(since === undefined ? ["--boot"] : [`--since=${since}`]),
    ...(follow === true ? ["--follow"] : []),
    ...(lines === undefined ? [] : [`--lines=${lines}`]),
    ...journalMatches(asked),
  ];
}

async function showJournal(args: readonly string[]): Promise<number> {
  const child = spawn("journalctl", args, { stdio: "inherit" });
  // Ctrl-C goes to the whole foreground group: journalctl, or its pager, decides what it means.
  const stay = (): void => {};
  const end = (): void => void child.kill("SIGTERM");
  process.on("SIGINT", stay);
  process.once("SIGTERM", end).once("SIGHUP", end);
  try {
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    return code ?? (signal === "SIGINT" ? ExitCode.interrupted : ExitCode.terminated);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
    throw new StackError("missing-tool", "journalctl is not installed", { hint: "apt-get install systemd" });
  } finally {
    process.off("SIGINT", stay).off("SIGTERM", end).off("SIGHUP", end);
  }
}
