import { isStackError, StackError } from "../../lib/error.ts";
import { tail } from "../../lib/run.ts";
import type { Executors, Io } from "../action.ts";
import { clearStale } from "../state/stale.ts";

/** Milliseconds. A unit's own TimeoutStartSec ends a start well before. */
const START_TIMEOUT = 10 * 60_000;
const STOP_TIMEOUT = 5 * 60_000;

export const reloadUnits: Executors["reloadUnits"] = {
  lock: "systemd",
  describe: () => "",
  async apply(_, io) {
    await io.run("systemctl", ["daemon-reload"]);
  },
};

// Those that are masked can't be enabled.
export const enableUnits = changeUnitFiles(["unmask"], ["unmask", "--runtime"], ["enable"]);
export const disableUnits = changeUnitFiles(["disable", "--now"]);
export const maskUnits = changeUnitFiles(["mask", "--now"]);
export const unmaskUnits = changeUnitFiles(["unmask"]);

export const stopUnits: Executors["stopUnits"] = {
  describe: ({ units }) => units.join(" "),
  async apply({ units }, io) {
    await io.run("systemctl", ["stop", "--", ...units], { timeout: STOP_TIMEOUT });
    await io.run("systemctl", ["reset-failed", "--", ...units], { accept: [0, 1] });
  },
};

function changeUnitFiles(...verbs: readonly (readonly string[])[]): Executors["enableUnits"] {
  return {
    lock: "systemd",
    describe: ({ units }) => units.join(" "),
    async apply({ units }, io) {
      for (const verb of verbs) await io.run("systemctl", ["--quiet", ...verb, "--", ...units]);
    },
  };
}

// Without a lock: what takes its time to start must not keep others waiting.
export const startUnits = bringUp("start");
export const restartUnits = bringUp("restart");

function bringUp(verb: "start" | "restart"): Executors["startUnits"] {
  return {
    describe: ({ units, wait }) => `${units.join(" ")}${wait ? "" : " (not waited for)"}`,
    async apply({ units, wait }, io) {
      const options = wait ? [] : ["--no-block"];
      try {
        await io.run("systemctl", [verb, ...options, "--", ...units], { timeout: START_TIMEOUT });
      } catch (error) {
        if (isStackError(error) && error.code === "command-failed") throw await startFailure(units, error, io);
        throw error;
      }
      // A queued unit starts after now, with what is on disk.
      for (const unit of units) await clearStale(io.paths.run, unit);
    },
  };
}

/** systemctl only says that a job failed; why is in the units' own last lines. */
async function startFailure(units: readonly string[], error: StackError, io: Io): Promise<StackError> {
  const failed = await failedOf(units, io);
  const args = ["--boot", "--no-pager", "--output=cat", "--lines=15", ...failed.flatMap((unit) => ["--unit", unit])];
  const journal = await io.run("journalctl", args).then(
    ({ stdout }) => tail(stdout),
    () => [],
  );
  return new StackError("unit-failed", `${failed.join(", ")} did not start`, {
    detail: journal.length > 0 ? journal : error.detail,
    hint: `systemctl status ${failed.join(" ")}; journalctl -b -u ${failed[0]}`,
    cause: error,
  });
}

async function failedOf(units: readonly string[], io: Io): Promise<readonly string[]> {
  const { stdout } = await io.run("systemctl", ["is-active", "--", ...units], { accept: [0, 1, 2, 3, 4] });
  const states = stdout.trim().split("\n");
  const failed = units.filter((_, index) => states[index] !== "active");
  return failed.length > 0 ? failed : units;
}
