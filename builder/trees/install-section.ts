import { unitSection } from "../../lib/systemd/unit-section.ts";

/** What a unit's [Install] section asks for. */
export interface InstallSection {
  readonly WantedBy: readonly string[];
  readonly RequiredBy: readonly string[];
  readonly Alias: readonly string[];
  readonly Also: readonly string[];
  readonly DefaultInstance: string | undefined;
}

/**
 * Reads the [Install] section of a unit with its drop-ins behind it, as systemd 252 does.
 *
 * @param unit its name, for the specifiers %n, %N, %p, %i, %j, %%
 */
export function installSection(unit: string, texts: readonly string[]): InstallSection {
  const section = unitSection(texts, "Install");
  const instance = section.get("DefaultInstance")?.at(-1);
  const named = instance === undefined ? unit : unit.replace(/@\./, `@${instance}.`);
  const list = (name: string): string[] => (section.get(name) ?? []).map((word) => specifiers(word, named));
  return {
    WantedBy: list("WantedBy"),
    RequiredBy: list("RequiredBy"),
    Alias: list("Alias"),
    Also: list("Also"),
    DefaultInstance: instance,
  };
}

/** A link that `systemctl enable` makes below /etc/systemd/system: the name, and the unit it points to. */
export interface EnableLink {
  readonly name: string;
  readonly unit: string;
}

/** The links that `systemctl enable UNIT` makes: of a template without an instance only its aliases. */
export function enableLinks(unit: string, install: InstallSection): EnableLink[] {
  const template = isTemplate(unit);
  const name = template ? unit.replace(/@\./, `@${install.DefaultInstance}.`) : unit;
  const wanted = template && install.DefaultInstance === undefined ? [] : wantLinks(name, install);
  const aliases = install.Alias.filter((alias) => alias !== unit && isTemplate(alias) === template);
  return [...aliases, ...wanted].map((link) => ({ name: link, unit }));
}

function wantLinks(name: string, { WantedBy, RequiredBy }: InstallSection): string[] {
  return [...WantedBy.map((by) => `${by}.wants/${name}`), ...RequiredBy.map((by) => `${by}.requires/${name}`)];
}

function isTemplate(unit: string): boolean {
  return /@\.\w+$/.test(unit);
}

function specifiers(word: string, unit: string): string {
  const stem = unit.replace(/\.\w+$/, "");
  const prefix = stem.replace(/@.*$/, "");
  const values: Readonly<Record<string, string>> = {
    n: unit,
    N: stem,
    p: prefix,
    i: stem.includes("@") ? stem.slice(stem.indexOf("@") + 1) : "",
    j: prefix.replace(/^.*-/, ""),
    "%": "%",
  };
  return word.replace(/%(.)/g, (whole, letter: string) => values[letter] ?? whole);
}
