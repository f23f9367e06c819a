import type { Run } from "../../lib/run.ts";
import { parseShow } from "../../lib/systemd/parse-show.ts";
import { isStale } from "../state/stale.ts";
import type { UnitFacts } from "./fact-reader.ts";

/** What one `systemctl show` is asked; properties of org.freedesktop.systemd1(5). */
const properties = [
  "LoadState",
  "ActiveState",
  "SubState",
  "NRestarts",
  "ActiveEnterTimestampMonotonic",
  "ActiveExitTimestampMonotonic",
  "UnitFileState",
  "NeedDaemonReload",
  "Job",
  "InactiveExitTimestampMonotonic",
  "ExecMainStartTimestampMonotonic",
];

/** A unit as systemd shows it. */
export interface ShownUnit extends Omit<UnitFacts, "stale"> {
  /** When its process began, or the unit where it has none: CLOCK_MONOTONIC, microseconds; 0 for never. */
  readonly started: bigint;
}

/** All units in one call: each spawn of systemctl costs PID 1 and us time at boot. */
export async function readUnits(
  names: readonly string[],
  run: Run,
  runDirectory: string,
): Promise<Map<string, UnitFacts>> {
  const unique = [...new Set(names)];
  if (unique.length === 0) return new Map();
  const { stdout } = await run("systemctl", ["show", `--property=${properties.join(",")}`, "--", ...unique]);
  const facts = await Promise.all(
    parseUnits(stdout, unique).map(async ({ started, ...unit }) => ({
      ...unit,
      stale: await isStale(runDirectory, unit.unit, started),
    })),
  );
  return new Map(facts.map((unit) => [unit.unit, unit]));
}

/** @param text of `systemctl show`, which answers in the order of the names */
export function parseUnits(text: string, names: readonly string[]): ShownUnit[] {
  const shown = parseShow(text);
  return names.map((unit, index) => {
    const values = shown[index] ?? new Map<string, string>();
    const active = values.get("ActiveState") ?? "inactive";
    const job = values.get("Job") ?? "0";
    const moment = (name: string): bigint => BigInt(values.get(name) || 0);
    const process = moment("ExecMainStartTimestampMonotonic");
    return {
      unit,
      load: values.get("LoadState") ?? "not-found",
      active,
      enabled: values.get("UnitFileState") ?? "",
      // The job of a unit that isn't up and isn't going down can only be one that starts it.
      starting: job !== "0" && job !== "" && active !== "active" && active !== "deactivating",
      // A masked unit with a drop-in says yes for ever (systemd 252, measured).
      needsReload: values.get("NeedDaemonReload") === "yes" && values.get("LoadState") !== "masked",
      started: process > 0n ? process : moment("InactiveExitTimestampMonotonic"),
      failing: isFailing({
        active,
        sub: values.get("SubState") ?? "",
        restarts: Number(values.get("NRestarts") ?? 0),
        process,
        entered: moment("ActiveEnterTimestampMonotonic"),
        left: moment("ActiveExitTimestampMonotonic"),
      }),
    };
  });
}

/** Moments: CLOCK_MONOTONIC, microseconds; 0 for never. */
interface Attempt {
  readonly active: string;
  readonly sub: string;
  /** Starts by systemd itself since the last one that was asked for. */
  readonly restarts: number;
  readonly process: bigint;
  /** When it was last ready, and last ceased to be. */
  readonly entered: bigint;
  readonly left: bigint;
}

/** Microseconds. A server that was ready and died is started again after RestartSec=, a second, once. */
const ONE_RESTART = 1_500_000n;

function isFailing({ active, sub, restarts, process, entered, left }: Attempt): boolean {
  if (active === "failed" || sub === "auto-restart" || sub === "auto-restart-queued") {
    return process > 0n && entered < process;
  }
  if (active !== "activating" || restarts === 0) return false;
  return entered === 0n || process - left > ONE_RESTART;
}
