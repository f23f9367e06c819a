import type { FileEntry } from "../../stack/model.ts";
import type { Action } from "../action.ts";
import type { FileFacts, UnitFacts } from "../facts/fact-reader.ts";
import type { ResetPlan, ResetWish } from "../stage.ts";
import type { ComponentFacts } from "./plan-files.ts";

/** Takes a component back: its units down, then its files, as far as they are what was written. */
export function resetComponent(facts: ComponentFacts, wish: ResetWish): ResetPlan {
  const there = facts.files.filter(({ entry, differs }) => isMade(entry, wish) && !differs.includes("missing"));
  const files = there.filter(({ entry }) => entry.kind !== "directory");
  const going = files.filter((file) => wish.force || isAsWritten(file));
  // What the machine's data lies in goes with the data.
  const folders = there.filter(({ entry }) => entry.kind === "directory" && entry.path.startsWith("/etc/"));
  return {
    actions: [
      ...resetUnits(facts, wish),
      ...going.map(
        ({ entry }): Action => ({ do: "removeFile", why: "written by the stack", args: { path: entry.path } }),
      ),
      ...list(folders.map(({ entry }) => entry.path)).map(
        (paths): Action => ({
          do: "removeFolders",
          why: "made by the stack; unless something else is in it",
          args: { paths },
        }),
      ),
      ...(going.some(({ entry }) => entry.path.startsWith("/etc/systemd/"))
        ? [{ do: "reloadUnits", why: "unit files are gone", args: {} } as const]
        : []),
    ],
    kept: files
      .filter((file) => !going.includes(file))
      .map(({ entry }) => `${entry.path} stays: it is not as it was written; --force takes it too`),
  };
}

/** What the agent wrote: with the template or the package came what it lies in /usr, with the template all but late files. */
function isMade({ path, when }: FileEntry, { baked }: ResetWish): boolean {
  return baked ? when === "boot" : !path.startsWith("/usr/");
}

function isAsWritten({ differs }: FileFacts): boolean {
  return !differs.includes("content") && !differs.includes("kind");
}

function resetUnits({ specs, units }: ComponentFacts, { baked }: ResetWish): Action[] {
  const state = (unit: string): UnitFacts | undefined => units.get(unit);
  const ours = specs.filter(({ want }) => want === "enabled").map(({ unit }) => unit);
  // What a socket of ours has started.
  const started = specs.filter(({ component, want }) => want === "disabled" && component !== "system");
  const up = [...ours, ...started.map(({ unit }) => unit)].filter(
    (unit) => !["inactive", "failed", undefined].includes(state(unit)?.active),
  );
  const enabled = ours.filter((unit) => state(unit)?.enabled === "enabled");
  const masked = specs.filter(({ unit, want }) => want === "masked" && state(unit)?.enabled === "masked");
  const change = (
    kind: "stopUnits" | "disableUnits" | "unmaskUnits",
    why: string,
    names: readonly string[],
  ): Action[] => list(names).map((units) => ({ do: kind, why, args: { units } }));
  return [
    ...change("stopUnits", "running", up),
    ...(baked ? [] : change("disableUnits", "enabled by the stack", enabled)),
    ...(baked
      ? []
      : change(
          "unmaskUnits",
          "masked by the stack",
          masked.map(({ unit }) => unit),
        )),
  ];
}

/** The list, once, where there is anything in it. */
function list(names: readonly string[]): (readonly string[])[] {
  return names.length === 0 ? [] : [names];
}

/** Data that goes where it was asked for, or is told to stay. */
export function resetData(paths: readonly string[], wish: ResetWish): ResetPlan {
  if (!wish.data) return { actions: [], kept: paths.map((path) => `${path} stays: data; --with-data takes it too`) };
  return { actions: paths.map((path) => ({ do: "removeTree", why: "data", args: { path } })), kept: [] };
}

export function joinResets(...plans: readonly ResetPlan[]): ResetPlan {
  return { actions: plans.flatMap(({ actions }) => actions), kept: plans.flatMap(({ kept }) => kept) };
}
