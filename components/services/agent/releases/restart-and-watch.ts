import { setTimeout as sleep } from "node:timers/promises";
import type { CheckContext } from "../../../../engine/check.ts";
import { messageOf } from "../../../../lib/error.ts";
import type { Run } from "../../../../lib/run.ts";
import { parseShow } from "../../../../lib/systemd/parse-show.ts";
import type { ServiceModel } from "../../../../stack/model.ts";
import { serviceCheck } from "../check.ts";

export interface WatchOptions {
  readonly run: Run;
  readonly signal: AbortSignal;
  /** Milliseconds that it may take to be healthy. */
  readonly patience: number;
}

/** What became of a service that was restarted. */
export interface Watched {
  /** Why it is not healthy, a clause; undefined: it is. */
  readonly fault: string | undefined;
  /** The last lines that it wrote since. */
  readonly journal: readonly string[];
}

/** Milliseconds. */
const INTERVAL = 100;
const LONGEST_LOOK = 3_000;
/** Looks in a row that must be well: one that answers once and ends is not. */
const PASSES = 3;
const JOURNAL_LINES = 20;

/**
 * Restarts a service and watches it until it answers well, several times by one and the same process; until that
 * ends, or the time is up.
 *
 * @throws StackError `aborted`; of systemctl
 */
export async function restartAndWatch(
  service: ServiceModel,
  { run, signal, patience }: WatchOptions,
): Promise<Watched> {
  const { unit } = service;
  const before = await state(unit, run, signal);
  await run("systemctl", ["restart", "--no-block", "--", unit], { signal });
  const deadline = performance.now() + patience;
  const invocations = new Set<string>();
  const check = serviceCheck(service)({} as CheckContext);
  let process = "0";
  let passes = 0;
  let last = "it was not restarted";
  const ended = async (fault: string): Promise<Watched> => ({
    fault,
    journal: await journalOf(unit, invocations, run),
  });
  try {
    while (performance.now() < deadline) {
      const now = await state(unit, run, signal);
      if (now.invocation !== before.invocation && now.invocation !== "") {
        invocations.add(now.invocation);
        if (now.sub === "auto-restart" || now.active === "failed") return await ended("it ended");
        if (process !== "0" && now.process !== process) return await ended("it ended");
        process = now.process;
        last = "it is not ready yet";
        if (now.active === "active") {
          const look = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_LOOK)]);
          const outcome = await check
            .run(look)
            .catch((error: unknown) => ({ status: "fail", message: messageOf(error) }));
          passes = outcome.status === "fail" ? 0 : passes + 1;
          last = `its health fails: ${("message" in outcome ? outcome.message : undefined) ?? "no reason given"}`;
          if (passes === PASSES) return { fault: undefined, journal: [] };
        }
      }
      await sleep(INTERVAL, undefined, { signal });
    }
  } finally {
    await check.close();
  }
  return ended(`after ${patience / 1000} s ${last}`);
}

interface UnitState {
  readonly active: string;
  readonly sub: string;
  /** Pid of its main process, "0" for none. */
  readonly process: string;
  readonly invocation: string;
}

async function state(unit: string, run: Run, signal: AbortSignal): Promise<UnitState> {
  const asked = "--property=ActiveState,SubState,MainPID,InvocationID";
  const { stdout } = await run("systemctl", ["show", asked, "--", unit], { signal });
  const shown = parseShow(stdout)[0];
  const value = (name: string): string => shown?.get(name) ?? "";
  return {
    active: value("ActiveState"),
    sub: value("SubState"),
    process: value("MainPID") || "0",
    invocation: value("InvocationID"),
  };
}

/** What it wrote in those invocations; none where the journal can't be read. */
async function journalOf(unit: string, invocations: ReadonlySet<string>, run: Run): Promise<readonly string[]> {
  if (invocations.size === 0) return [];
  const matches = [`_SYSTEMD_UNIT=${unit}`, ...[...invocations].map((one) => `_SYSTEMD_INVOCATION_ID=${one}`)];
  try {
    const { stdout } = await run("journalctl", ["--no-pager", "--output=cat", `--lines=${JOURNAL_LINES}`, ...matches]);
    return stdout.split("\n").filter((line) => line.trim() !== "");
  } catch {
    return [];
  }
}
