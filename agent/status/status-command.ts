import { systemClock } from "../../lib/clock.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import type { StatusDocument } from "../../stack/documents/status.ts";
import { machinePaths } from "../../stack/machine-paths.ts";
import { agentAddress, type MachinePaths } from "../cli/agent-address.ts";
import { type Output, processOutput, untilInterrupted } from "../cli/output.ts";
import { outputFormat } from "../cli/output-format.ts";
import { isBooting } from "./is-booting.ts";
import { look } from "./look.ts";
import { statusTable } from "./status-table.ts";
import { waitUntilSettled } from "./wait-until-settled.ts";
import { watchStatus } from "./watch-status.ts";

export interface StatusOptions extends MachinePaths {
  readonly wait?: boolean;
  /** Until `signal`. */
  readonly watch?: boolean;
  readonly signal?: AbortSignal;
  /** Seconds that `wait` lasts at most. Default 300. */
  readonly timeout?: number;
  readonly format?: string;
  readonly json?: boolean;
  readonly output?: Output;
  /** Default: asks systemd. */
  readonly booting?: () => Promise<boolean>;
}

const exitCodes: Readonly<Record<StatusDocument["status"], number>> = {
  healthy: ExitCode.healthy,
  failed: ExitCode.failed,
  degraded: ExitCode.degraded,
  working: ExitCode.working,
};

/**
 * `stack-agent status`: how the stack stands, now or, with `wait`, once it is settled;
 * with `watch` again and again, which ends with 0.
 * Needs no privilege; who may read the agent's token sees messages and versions too.
 *
 * @returns the exit code: 0 healthy, 1 failed, 2 degraded, 3 still working; with `wait` 3
 *   whenever the time was up before the stack was settled, whatever is wrong with it
 * @throws StackError `usage` (exit 64)
 */
export async function statusCommand(options: StatusOptions = {}): Promise<number> {
  const format = outputFormat(options);
  const seconds = options.timeout ?? 300;
  if (!(seconds > 0 && seconds <= 86_400)) {
    throw new StackError("usage", "--timeout must be seconds, more than 0 and at most 86400", {
      hint: "stack-agent status --wait --timeout 300",
      exit: ExitCode.usage,
    });
  }
  if (options.watch && options.wait) {
    throw new StackError("usage", "--watch and --wait exclude each other", { exit: ExitCode.usage });
  }
  const output = options.output ?? processOutput();
  const folders = { run: options.runFolder ?? machinePaths.run, state: options.stateFolder ?? machinePaths.state };
  const booting = options.booting ?? (() => isBooting(run));
  const lookOnce = async (timeout?: number) => look(await agentAddress(options), folders, new Date(), booting, timeout);
  if (options.watch) {
    const signal = options.signal ?? untilInterrupted(process);
    await watchStatus({ look: lookOnce, clock: systemClock, format, output, signal });
    return ExitCode.healthy;
  }
  const { found, lacking } = options.wait
    ? await waitUntilSettled({
        look: lookOnce,
        clock: systemClock,
        timeout: seconds * 1000,
        onLine: (line) => output.writeAside(`${line}\n`),
      })
    : { found: await lookOnce(), lacking: undefined };
  if (format === "json") output.write(`${JSON.stringify(found.status, undefined, 2)}\n`);
  else output.write(statusTable(found.status, new Date(), output.colours));
  if (found.trouble !== undefined) {
    output.writeAside(`${found.trouble.message} (${String(found.trouble.cause)})\nhint: ${found.trouble.hint}\n`);
  }
  if (lacking === undefined) return exitCodes[found.status.status];
  output.writeAside(`waited ${seconds} s in vain for ${lacking}\n`);
  return ExitCode.working;
}
