import { ensureTools } from "../../lib/host-tools.ts";
import { stderrLog } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";
import { commandPhase } from "./command-phase.ts";
import type { Counts } from "./tap-counts.ts";

/** What can be said of the code without running it. */
export async function staticPhase(): Promise<Counts> {
  const tools = [
    { command: "git", package: "git" },
    { command: "shellcheck", package: "shellcheck" },
  ];
  await ensureTools(tools, { run, log: stderrLog, root: process.getuid?.() === 0 });
  return commandPhase([
    { promise: "types are sound", command: "node_modules/.bin/tsc", args: ["--noEmit"] },
    { promise: "lint and rooms are clean", command: "node_modules/.bin/biome", args: ["ci", "--colors=off", "."] },
    { promise: "shell scripts are clean", command: "sh", args: ["test/run/shellcheck.sh"] },
  ]);
}
