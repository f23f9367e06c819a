import type { FileEntry, Model, UnitSpec } from "../../stack/model.ts";
import type { Action } from "../action.ts";
import type { FactReader, FileDifference, FileFacts, UnitFacts } from "../facts/fact-reader.ts";
import { type ForeignData, foreignData, planOwners } from "./plan-owners.ts";

/** What is there of a component's files and units. */
export interface ComponentFacts {
  readonly files: readonly FileFacts[];
  readonly specs: readonly UnitSpec[];
  readonly units: ReadonlyMap<string, UnitFacts>;
  /** Data of its that is not its server's. */
  readonly foreign?: readonly ForeignData[];
}

export interface UnitPlanOptions {
  /**
   * Whether to wait until units are up. Units that are ordered after provisioning can't be
   * waited for, and are left alone while systemd has them queued.
   */
  readonly wait: boolean;
  /** Units that what is planned before leaves behind, e.g. by a new secret that they have read. */
  readonly outdated?: readonly string[];
}

/** Looks at a component's files, its units, and the units that its files belong to. */
export async function inspectComponent(
  reader: FactReader,
  model: Model,
  component: FileEntry["component"],
): Promise<ComponentFacts> {
  const specs = model.units.filter((spec) => spec.component === component);
  const owners = model.files.filter((entry) => entry.component === component).flatMap(unitsOf);
  const [files, units, unlinked, foreign] = await Promise.all([
    reader.files(component, model),
    reader.units([...new Set([...specs.map((spec) => spec.unit), ...owners])]),
    unlinkedUnits(reader, specs),
    foreignData(reader, model, component),
  ]);
  // systemd says what it read last: that a link, or what it leads to, is gone since then it does not know.
  const seen = [...units].map(([name, unit]): [string, UnitFacts] =>
    unlinked.has(name) ? [name, { ...unit, enabled: "disabled" }] : [name, unit],
  );
  return { files, specs, units: new Map(seen), foreign };
}

/** Units whose link of enabling is not there. */
async function unlinkedUnits(reader: FactReader, specs: readonly UnitSpec[]): Promise<ReadonlySet<string>> {
  const found = await Promise.all(
    specs.map(async ({ unit, want, wantedBy }) => {
      if (want !== "enabled" || wantedBy === undefined) return [];
      return (await reader.exists(`/etc/systemd/system/${wantedBy}.wants/${unit}`)) ? [] : [unit];
    }),
  );
  return new Set(found.flat());
}

/** Files and folders first, in the table's order, then the units. */
export function planComponent(facts: ComponentFacts, options: UnitPlanOptions): Action[] {
  return [...planBelow(facts), ...planUnits(facts, options)];
}

/** What a server stands on: the owners of its data, then its files and folders. */
export function planBelow({ foreign = [], files }: ComponentFacts): Action[] {
  return [...planOwners(foreign), ...planFiles(files)];
}

/** One action for each file, folder or link that is not as the table says. */
export function planFiles(files: readonly FileFacts[]): Action[] {
  return files.filter(({ differs }) => differs.length > 0).map(fileAction);
}

function fileAction({ entry, text, differs }: FileFacts): Action {
  const { path, mode, owner } = entry;
  const why = differs.map((difference) => reasons[difference]).join(", ");
  if (entry.kind === "symlink") return { do: "linkFile", why, args: { path, target: entry.target ?? "" } };
  const restarted = changesText(differs) ? unitsOf(entry) : [];
  const units = restarted.length > 0 ? { units: restarted } : {};
  if (entry.kind === "directory") return { do: "makeDirectory", why, args: { path, mode, owner, ...units } };
  return { do: "writeFile", why, args: { path, mode, owner, text, ...units } };
}

function unitsOf({ unit }: FileEntry): readonly string[] {
  return [unit ?? []].flat();
}

const reasons: Readonly<Record<FileDifference, string>> = {
  missing: "is missing",
  content: "content differs",
  mode: "mode differs",
  owner: "owner differs",
  kind: "is of another kind",
};

/** A new mode or owner needs no restart. */
function changesText(differs: readonly FileDifference[]): boolean {
  return differs.some((difference) => difference !== "mode" && difference !== "owner");
}

/** Reload, enable, disable, mask, start, restart: what brings a component's units to where they should be. */
export function planUnits(facts: ComponentFacts, options: UnitPlanOptions): Action[] {
  const state = (unit: string): UnitFacts => facts.units.get(unit) ?? unknownUnit(unit);
  const wanted = (want: UnitSpec["want"]): UnitFacts[] =>
    facts.specs.filter((spec) => spec.want === want).map((spec) => state(spec.unit));
  const changed = new Set([
    ...facts.files.filter(({ differs }) => changesText(differs)).flatMap(({ entry }) => unitsOf(entry)),
    ...(options.outdated ?? []),
  ]);
  const kept = facts.specs.filter((spec) => spec.want === "enabled" && spec.running === true);

  const start = kept.map(({ unit }) => state(unit)).filter((unit) => needsStart(unit, changed, options));
  const restart = [...facts.units.values()].filter((unit) => runs(unit) && (unit.stale || changed.has(unit.unit)));

  return [
    ...planReload(facts),
    ...onUnits("enableUnits", wanted("enabled").filter(isOff), "not enabled"),
    ...onUnits("disableUnits", wanted("disabled").filter(isOn), "enabled, and should not be"),
    ...onUnits(
      "maskUnits",
      wanted("masked").filter((unit) => unit.enabled !== "masked"),
      "not masked",
    ),
    ...onRunning("startUnits", start, "not running", options),
    ...onRunning("restartUnits", restart, "runs with an older configuration", options),
  ];
}

function planReload(facts: ComponentFacts): Action[] {
  const written = facts.files.some(
    ({ entry, differs }) =>
      differs.length > 0 && entry.kind !== "directory" && /\/systemd\/system(-generators)?\//.test(entry.path),
  );
  const behind = [...facts.units.values()].some((unit) => unit.needsReload);
  if (!written && !behind) return [];
  return [{ do: "reloadUnits", why: written ? "unit files change" : "unit files changed on disk", args: {} }];
}

function needsStart(unit: UnitFacts, changed: ReadonlySet<string>, options: UnitPlanOptions): boolean {
  if (unit.active !== "inactive" && unit.active !== "failed") return false;
  if (!unit.starting) return true;
  // Its queued start may find a condition unmet that these files are about to meet.
  return options.wait && changed.has(unit.unit);
}

function runs(unit: UnitFacts): boolean {
  return unit.active !== "inactive" && unit.active !== "failed";
}

function isOff(unit: UnitFacts): boolean {
  return ["", "disabled", "masked", "masked-runtime", "linked"].includes(unit.enabled);
}

function isOn(unit: UnitFacts): boolean {
  return unit.enabled === "enabled" || unit.enabled === "enabled-runtime";
}

function onUnits(
  kind: "enableUnits" | "disableUnits" | "maskUnits",
  units: readonly UnitFacts[],
  why: string,
): Action[] {
  return units.length === 0 ? [] : [{ do: kind, why, args: { units: units.map(({ unit }) => unit) } }];
}

function onRunning(
  kind: "startUnits" | "restartUnits",
  units: readonly UnitFacts[],
  why: string,
  { wait }: UnitPlanOptions,
): Action[] {
  return units.length === 0 ? [] : [{ do: kind, why, args: { units: units.map(({ unit }) => unit), wait } }];
}

function unknownUnit(unit: string): UnitFacts {
  return {
    unit,
    load: "not-found",
    active: "inactive",
    enabled: "",
    starting: false,
    needsReload: false,
    stale: false,
  };
}
