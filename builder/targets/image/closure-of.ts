import { StackError } from "../../../lib/error.ts";

/** A stanza of dpkg's status file, as far as it is of use here. */
export interface Installed {
  readonly name: string;
  readonly section: string;
  readonly essential: boolean;
  /** What it can't do without; of alternatives each. */
  readonly depends: readonly (readonly string[])[];
  readonly provides: readonly string[];
  /** The stanza as it stands. */
  readonly text: string;
}

/** The packages of /var/lib/dpkg/status, by name. */
export function readInstalled(status: string): Map<string, Installed> {
  const stanzas = status.split(/\n\n+/).filter((text) => text.trim() !== "");
  return new Map(stanzas.map(readStanza).map((one) => [one.name, one]));
}

function readStanza(text: string): Installed {
  const fields = new Map<string, string>();
  for (const [, name = "", value = ""] of text.matchAll(/^([A-Za-z-]+):((?:.*(?:\n[ \t].*)*))/gm)) {
    fields.set(name, value.replace(/\s+/g, " ").trim());
  }
  const names = (field: string): string[][] =>
    (fields.get(field) ?? "")
      .split(",")
      .map((one) => one.split("|").map(bareName).filter(Boolean))
      .filter((one) => one.length > 0);
  return {
    name: fields.get("Package") ?? "",
    section: fields.get("Section") ?? "",
    essential: fields.get("Essential") === "yes",
    depends: [...names("Pre-Depends"), ...names("Depends")],
    provides: names("Provides").flat(),
    text,
  };
}

/** `libc6:any (>= 2.36)` → `libc6`. */
function bareName(dependency: string): string {
  return /^[a-z0-9][a-z0-9.+-]*/.exec(dependency.trim())?.[0] ?? "";
}

/**
 * The packages that these can't do without, and they themselves.
 *
 * @throws StackError `no-such-package` for one that is not installed
 */
export function closureOf(
  roots: readonly string[],
  installed: ReadonlyMap<string, Pick<Installed, "depends" | "provides">>,
): Set<string> {
  const providers = new Map<string, string>();
  for (const [name, { provides }] of installed) for (const one of provides) providers.set(one, name);
  const found = (name: string): string | undefined => (installed.has(name) ? name : providers.get(name));
  const closure = new Set<string>();
  const open = [...roots];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const actual = found(name);
    if (actual === undefined) throw new StackError("no-such-package", `the template has no package ${name}`);
    if (closure.has(actual)) continue;
    closure.add(actual);
    for (const alternatives of installed.get(actual)?.depends ?? []) {
      const taken = alternatives.map(found).find((one) => one !== undefined);
      if (taken !== undefined) open.push(taken);
    }
  }
  return closure;
}
