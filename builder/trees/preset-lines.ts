/** One line of a systemd.preset(5) file. */
export interface PresetLine {
  readonly enable: boolean;
  readonly matches: (unit: string) => boolean;
}

export function presetLines(text: string): PresetLine[] {
  return text.split("\n").flatMap((line) => {
    const [, word, pattern] = /^\s*(enable|disable)\s+(\S+)/.exec(line) ?? [];
    return pattern === undefined ? [] : [{ enable: word === "enable", matches: glob(pattern) }];
  });
}

/** Whether the first line that names a unit says disable. */
export function disables(lines: readonly PresetLine[], unit: string): boolean {
  return lines.find(({ matches }) => matches(unit))?.enable === false;
}

/** As fnmatch(3): `*`, `?`, `[…]`. */
function glob(pattern: string): (name: string) => boolean {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".")
    .replaceAll("[!", "[^");
  try {
    const expression = new RegExp(`^${source}$`);
    return (name) => expression.test(name);
  } catch {
    return (name) => name === pattern;
  }
}
