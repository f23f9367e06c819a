import type { DriftDocument } from "../../stack/documents/drift.ts";

/** What differs, as a person reads it: by stage, a line each, and the command that mends it. */
export function printDrift({ differences, unseen, failing = [] }: DriftDocument): string {
  const later = [
    ...(failing.length === 0 ? [] : ["", "Starts again and again:", ...failing.flatMap(failingLines)]),
    ...(unseen.length === 0 ? [] : ["", "Could not be looked at:", ...unseen.map((what) => `  ${what}`)]),
  ];
  if (differences.length === 0) {
    const first = failing.length === 0 ? ["Nothing differs from the definition."] : [];
    return `${[...first, ...later].join("\n").trimStart()}\n`;
  }
  const stages = [...new Set(differences.map(({ stage }) => stage))];
  const lines = stages.flatMap((stage) => [
    stage,
    ...differences
      .filter((one) => one.stage === stage)
      .map(({ do: action, what, why }) => `  ${[what || action, why].join(": ")}`),
  ]);
  const count = differences.length === 1 ? "1 difference" : `${differences.length} differences`;
  return `${[
    `${count} from the definition.`,
    "",
    ...lines,
    ...later,
    "",
    `shows them:  stack-agent provision --diff`,
    `mends them:  ${stages.length === 1 ? differences[0]?.mend : "stack-agent provision"}`,
  ].join("\n")}\n`;
}

function failingLines({ unit, says, help }: NonNullable<DriftDocument["failing"]>[number]): string[] {
  return [`  ${[unit, says].filter((part) => part !== "").join(": ")}`, `    what helps: ${help}`];
}
