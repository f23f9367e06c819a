/** A section of a unit: each directive with the words it was given. */
export type UnitSection = ReadonlyMap<string, readonly string[]>;

/**
 * Reads one section as systemd does (systemd.syntax(7)): a repeated directive adds, an empty one
 * starts over, a backslash continues the line, and comments may stand in between.
 *
 * @param texts the unit's file, then its drop-ins
 * @param section its name, e.g. `Service`
 */
export function unitSection(texts: readonly string[], section: string): UnitSection {
  const directives = new Map<string, string[]>();
  for (const text of texts) {
    let current = "";
    for (const line of logicalLines(text)) {
      current = /^\[(.+)\]$/.exec(line)?.[1] ?? current;
      const [, name, value = ""] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
      if (current !== section || name === undefined) continue;
      const words = value.split(/\s+/).filter((word) => word !== "");
      directives.set(name, words.length === 0 ? [] : [...(directives.get(name) ?? []), ...words]);
    }
  }
  return directives;
}

function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let open = "";
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line.startsWith("#") || line.startsWith(";")) continue;
    if (line.endsWith("\\")) open += `${line.slice(0, -1)} `;
    else {
      lines.push((open + line).trim());
      open = "";
    }
  }
  return open === "" ? lines : [...lines, open.trim()];
}
