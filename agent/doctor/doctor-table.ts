import type { DoctorDocument } from "../../stack/documents/doctor.ts";
import { coloured } from "../cli/output.ts";
import { type Row, textTable } from "../cli/text-table.ts";
import { describeFix, plannedFixes } from "./run-fixes.ts";

type Unit = DoctorDocument["units"][number];

const words = { kept: "pass", "not-enforced": "warn", broken: "fail" } as const;

const titles: Readonly<Record<DoctorDocument["status"], string>> = {
  kept: "every sandbox does what it promises",
  "not-enforced": "this machine can't enforce all that the sandboxes promise",
  broken: "sandboxes don't do what they promise",
};

/** The doctor's findings as a person reads them: what is well in a line, what isn't with what helps. */
export function doctorTable(document: DoctorDocument, colours: boolean): string {
  const machine = document.machine.map(({ name, status, message }) => ({ cells: [name, status, message] }));
  const blocks = [
    [`${coloured(words[document.status], colours)}: ${titles[document.status]}`],
    textTable(["unit", "user", "state", "kept", ""], document.units.map(unitRow), colours),
    textTable(["machine", "state", ""], machine, colours),
    hints(document),
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n")}\n`;
}

function unitRow({ unit, user, promises }: Unit): Row {
  const kept = promises.filter(({ state }) => state === "kept");
  const state = promises.some((one) => one.state === "broken")
    ? "broken"
    : kept.length < promises.length
      ? "not-enforced"
      : "kept";
  const broken = promises
    .filter((one) => one.state === "broken")
    .map(({ title, found }) => `${title} (${some(found)})`);
  const rest = promises.filter((one) => one.state === "not-enforced").map(({ title }) => title);
  const lacking = [listed("broken", broken), listed("not enforced here", rest)]
    .filter((part) => part !== "")
    .join("; ");
  return { cells: [unit, user, words[state], `${kept.length}/${promises.length}`, lacking] };
}

function listed(what: string, titles: readonly string[]): string {
  return titles.length === 0 ? "" : `${what}: ${titles.join(", ")}`;
}

/** The first few, and how many there are. */
function some(found: readonly string[]): string {
  return found.length <= 3 ? found.join(", ") : `${found.slice(0, 3).join(", ")} and ${found.length - 3} more`;
}

function hints({ units, machine }: DoctorDocument): readonly string[] {
  const all = [...units.flatMap(({ promises }) => promises), ...machine].flatMap(({ hint }) => hint ?? []);
  const each = [...new Set(all)];
  const fixes = plannedFixes({ machine }).map((fix) => `  ${describeFix(fix)}`);
  return [
    ...(each.length === 0 ? [] : ["what helps:", ...each.map((hint) => `  ${hint}`)]),
    ...(fixes.length === 0 ? [] : ["what stack-agent doctor --fix would run:", ...fixes]),
  ];
}
