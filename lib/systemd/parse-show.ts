/** Properties of a unit, or of the manager, as `systemctl show` tells them. */
export type ShownProperties = ReadonlyMap<string, string>;

/** What `systemctl show --property=…` prints: one block for each unit asked for, in that order (systemctl(1)). */
export function parseShow(text: string): readonly ShownProperties[] {
  return text
    .trim()
    .split(/\n\n+/)
    .map((block) => {
      const properties = new Map<string, string>();
      for (const line of block.split("\n")) {
        const equals = line.indexOf("=");
        if (equals > 0) properties.set(line.slice(0, equals), line.slice(equals + 1));
      }
      return properties;
    });
}
