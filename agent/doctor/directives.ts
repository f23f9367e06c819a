/** A unit's [Service] section: each directive with the words it was given. */
export type Directives = ReadonlyMap<string, readonly string[]>;

/**
 * Reads unit files in the order in which systemd does: the unit, then its drop-ins. A repeated
 * directive adds, an empty one starts over (systemd.syntax(7)).
 */
export function readDirectives(texts: readonly string[]): Directives {
  const directives = new Map<string, string[]>();
  for (const text of texts) {
    let section = "";
    for (const line of text.split("\n").map((one) => one.trim())) {
      if (line.startsWith("[")) section = line;
      const [, name, value] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
      if (section !== "[Service]" || name === undefined || value === undefined) continue;
      const words = value.split(/\s+/).filter((word) => word !== "");
      directives.set(name, words.length === 0 ? [] : [...(directives.get(name) ?? []), ...words]);
    }
  }
  return directives;
}
