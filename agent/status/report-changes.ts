import type { Clock } from "../../lib/clock.ts";
import type { Look } from "./look.ts";

const answers = "answers again";

/** Tells of each look what is new against the one before: a line a change, with the seconds since the first. */
export function reportChanges(clock: Clock, onLine: (line: string) => void): (found: Look) => void {
  const started = clock.now();
  // That the agent answers goes without saying until it did not.
  const seen = new Map([["agent", answers]]);
  return (found) => {
    for (const [what, state] of states(found)) {
      if (seen.get(what) === state) continue;
      seen.set(what, state);
      onLine(`${((clock.now() - started) / 1000).toFixed(1).padStart(6)} s  ${what}: ${state}`);
    }
  };
}

/** What is worth a line when it changes. */
function states({ status, trouble }: Look): readonly (readonly [what: string, state: string])[] {
  return [
    ["agent", trouble === undefined ? answers : "does not answer"],
    ...status.stages.map((stage): readonly [string, string] => {
      const seconds = stage.status === "done" && stage.seconds !== undefined ? ` in ${stage.seconds.toFixed(1)} s` : "";
      const error = stage.error === undefined ? "" : `: ${stage.error.message}`;
      return [`stage ${stage.id}`, `${stage.status}${seconds}${error}`];
    }),
    ...status.components
      .filter((component) => component.name !== "provision")
      .map((component): readonly [string, string] => [
        component.name,
        component.status === "pass" ? "pass" : `${component.status} (${component.code})`,
      ]),
  ];
}
