/** What a unit's [Install] section asks for. */
export interface InstallSection {
  readonly WantedBy: readonly string[];
  readonly RequiredBy: readonly string[];
  readonly Alias: readonly string[];
  readonly Also: readonly string[];
  readonly DefaultInstance: string | undefined;
}

const lists = ["WantedBy", "RequiredBy", "Alias", "Also"] as const;

/**
 * Reads the [Install] section of a unit with its drop-ins behind it, as systemd 252 does:
 * lists add up, an empty assignment empties, a backslash continues the line.
 *
 * @param unit its name, for the specifiers %n, %N, %p, %i, %j, %%
 */
export function installSection(unit: string, text: string): InstallSection {
  const found: Record<(typeof lists)[number], string[]> = { WantedBy: [], RequiredBy: [], Alias: [], Also: [] };
  let instance: string | undefined;
  let section = "";
  for (const line of logicalLines(text)) {
    section = /^\[(.+)\]$/.exec(line)?.[1] ?? section;
    const [, key, value = ""] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (section !== "Install" || key === undefined) continue;
    const words = value.split(/\s+/).filter((word) => word !== "");
    const list = lists.find((name) => name === key);
    if (list !== undefined) found[list] = words.length === 0 ? [] : [...found[list], ...words];
    else if (key === "DefaultInstance") instance = value === "" ? undefined : value;
  }
  const named = instance === undefined ? unit : unit.replace(/@\./, `@${instance}.`);
  const expand = (words: readonly string[]): string[] => words.map((word) => specifiers(word, named));
  return {
    WantedBy: expand(found.WantedBy),
    RequiredBy: expand(found.RequiredBy),
    Alias: expand(found.Alias),
    Also: expand(found.Also),
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

function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let open = "";
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    // A comment may stand in the middle of a continued line.
    if (line.startsWith("#") || line.startsWith(";")) continue;
    if (line.endsWith("\\")) open += `${line.slice(0, -1)} `;
    else {
      lines.push((open + line).trim());
      open = "";
    }
  }
  return open === "" ? lines : [...lines, open.trim()];
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
