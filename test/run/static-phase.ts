import { bringTools } from "./bring-tools.ts";
import { commandPhase } from "./command-phase.ts";
import type { Counts } from "./tap-counts.ts";

/** What can be said of the code without running it. */
export async function staticPhase(): Promise<Counts> {
  await bringTools("git", "shellcheck");
  return commandPhase([
    { promise: "types are sound", command: "node_modules/.bin/tsc", args: ["--noEmit"] },
    {
      promise: "types of what runs in a browser are sound",
      ...{ command: "node_modules/.bin/tsc", args: ["-p", "tsconfig.browser.json"] },
    },
    { promise: "lint and rooms are clean", command: "node_modules/.bin/biome", args: ["ci", "--colors=off", "."] },
    { promise: "shell scripts are clean", command: "sh", args: ["test/run/shellcheck.sh"] },
  ]);
}
