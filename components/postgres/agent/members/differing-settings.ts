export type Settings = { readonly [name: string]: unknown };

/** Of wanted settings those that are not so there, as a patch of what is there; what is there beside them stays. */
export function differingSettings(wanted: object, there: unknown): Settings {
  const found = isRecord(there) ? there : {};
  return Object.fromEntries(
    Object.entries(wanted).flatMap(([name, value]): [string, unknown][] => {
      if (isRecord(value)) {
        const inner = differingSettings(value, found[name]);
        return Object.keys(inner).length === 0 ? [] : [[name, inner]];
      }
      // YAML's on and a text that reads so are the same to Patroni.
      return String(found[name]) === String(value) ? [] : [[name, value]];
    }),
  );
}

function isRecord(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
