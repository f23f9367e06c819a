/**
 * The data without compose's extensions: keys that begin with `x-` are for people and for
 * anchors, at every level. Among the services, as in compose, such a key is a service's name.
 */
export function withoutExtensions(data: unknown, path: readonly string[] = []): unknown {
  if (Array.isArray(data)) return data.map((item) => withoutExtensions(item, [...path, "*"]));
  if (typeof data !== "object" || data === null) return data;
  const named = path.length === 1 && path[0] === "services";
  return Object.fromEntries(
    Object.entries(data)
      .filter(([key]) => named || !key.startsWith("x-"))
      .map(([key, value]) => [key, withoutExtensions(value, [...path, key])]),
  );
}
