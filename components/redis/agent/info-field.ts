/** A field of Redis's INFO; undefined where it has none of the name. Sought as text: a look asks for a dozen of them. */
export function infoField(info: string, name: string): string | undefined {
  const label = `${name}:`;
  const before = info.startsWith(label) ? 0 : info.indexOf(`\n${label}`) + 1;
  if (before === 0 && !info.startsWith(label)) return undefined;
  const from = before + label.length;
  const end = info.indexOf("\n", from);
  return info.slice(from, end === -1 ? undefined : end).trimEnd();
}
