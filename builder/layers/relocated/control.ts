import { StackError } from "../../../lib/error.ts";

/** A paragraph of deb-control(5): field → value, in the file's order. */
export type Control = ReadonlyMap<string, string>;

/** Continued lines keep their line breaks. @throws StackError `bad-control` */
export function parseControl(text: string): Control {
  const fields = new Map<string, string>();
  let last = "";
  for (const line of text.trimEnd().split("\n")) {
    const field = /^([^\s:]+):\s*(.*)$/.exec(line);
    if (field?.[1] !== undefined) {
      last = field[1];
      fields.set(last, field[2] ?? "");
    } else if (/^[ \t]/.test(line) && last !== "") fields.set(last, `${fields.get(last)}\n${line}`);
    else throw new StackError("bad-control", `not a line of a package's control file: ${JSON.stringify(line)}`);
  }
  return fields;
}

export function formatControl(control: Control): string {
  return [...control].map(([name, value]) => `${name}:${value.startsWith("\n") ? "" : " "}${value}\n`).join("");
}

/** Fields of which each names packages, with versions or without. */
export const dependencyFields = ["Pre-Depends", "Depends", "Recommends", "Suggests"] as const;

/** One alternative of a dependency: `libc6 (>= 2.38)` → `libc6`. */
function packageOf(alternative: string): string {
  return /^[^\s(:[]+/.exec(alternative.trim())?.[0] ?? "";
}

/** `a, b | c` as a list of lists. */
export function parseDependencies(value: string): readonly (readonly string[])[] {
  return value
    .split(",")
    .map((dependency) => dependency.split("|").map((alternative) => alternative.trim()))
    .filter(([first]) => first !== "");
}

/**
 * A dependency field in which what `replaced` knows is asked for no more, but `by` is, where something was.
 *
 * @param by a whole dependency, `name (= version)`; undefined: nothing takes the place
 * @returns "" where nothing is left
 */
export function withoutDependencies(value: string, replaced: (name: string) => boolean, by?: string): string {
  const before = parseDependencies(value);
  const kept = before.filter((alternatives) => !alternatives.some((one) => replaced(packageOf(one))));
  const texts = kept.map((alternatives) => alternatives.join(" | "));
  return [...texts, ...(by !== undefined && kept.length < before.length ? [by] : [])].join(", ");
}

/** `erlang-base (= 1:27-1)` with a suffix, where the package is one of `moved` and this very version is asked for. */
export function withSuffix(value: string, version: string, suffix: string, moved: (name: string) => boolean): string {
  return parseDependencies(value)
    .map((alternatives) =>
      alternatives
        .map((one) => (moved(packageOf(one)) ? one.replace(`(= ${version})`, `(= ${version}${suffix})`) : one))
        .join(" | "),
    )
    .join(", ");
}

/** The source package that a binary one is built from. */
export function sourceOf(control: Control): { readonly name: string; readonly version: string } {
  const own = control.get("Package") ?? "";
  const [, name = own, version = control.get("Version") ?? ""] =
    /^(\S+)(?: \((.+)\))?$/.exec(control.get("Source") ?? own) ?? [];
  return { name, version };
}
