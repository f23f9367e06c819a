import type { StackReleasesDocument, UpgradeDocument } from "../../stack/documents/stack-release.ts";
import { textTable } from "../cli/text-table.ts";
import { printPlan } from "../provision/print-plan.ts";

/** What an upgrade has done, or would do. */
export function upgradeText(document: UpgradeDocument): string {
  const { release, previous, changed, planned, seconds } = document;
  if (!changed && !planned) return `${release} is in force already, with this definition: nothing to do.\n`;
  if (planned) return planText(document);
  const lines = [
    release === previous
      ? `${release} has another definition, after ${seconds.toFixed(1)} s.`
      : `${release} is in force, in the place of ${previous}, after ${seconds.toFixed(1)} s.`,
    withoutText(document.without ?? {}),
    ...document.kept.map((name) => `${name} keeps what was deployed for it alone.`),
    ...document.left.map((name) => `${name} is not in the definition any more: what there is of it stays.`),
    ...document.removed.map((id) => `${id} is gone.`),
  ];
  return `${lines.join("\n")}\n`;
}

function withoutText(without: Readonly<Record<string, number>>): string {
  const each = Object.entries(without).map(([name, seconds]) => `${name} ${seconds.toFixed(1)} s`);
  return each.length === 0 ? "Every service answered all the time." : `Without an answer: ${each.join(", ")}.`;
}

function planText({ previous, release, definition, services, kept, left, files, noWayBack, ...plan }: UpgradeDocument) {
  const list = (head: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`${head}: ${names.join(", ")}`];
  const lines = [
    release === previous ? `${release}, with another definition` : `${previous} -> ${release}`,
    `definition: ${definition}`,
    ...list("services with other code", services),
    ...list("services that keep what was deployed for them alone", kept),
    ...list("not in the definition any more, and left as it is", left),
    ...list("your own files", files),
    ...list("no way back after", noWayBack),
    ...list("restarts", [...plan.restarts, ...services]),
  ];
  return `${lines.join("\n")}\n\n${printPlan(plan)}`;
}

/** The releases that are there, the newest first. */
export function releasesText({ releases }: StackReleasesDocument): string {
  const rows = releases.map(({ id, state, version, at = "" }) => ({
    cells: [id, state, version, at.slice(0, 19).replace("T", " ")],
  }));
  return `${textTable(["release", "", "version", "laid"], rows, false).join("\n")}\n`;
}
