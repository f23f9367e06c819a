/**
 * A package URL (package-url/purl-spec): what tools look up advisories by.
 *
 * @param type `deb`, `pypi`, `npm`
 * @param path namespace and name, e.g. `["debian", "curl"]`, `["@scope", "name"]`
 */
export function purl(
  type: "deb" | "pypi" | "npm",
  path: readonly string[],
  version: string,
  qualifiers: Readonly<Record<string, string>> = {},
): string {
  const query = Object.keys(qualifiers)
    .sort()
    .map((key) => `${key}=${encode(qualifiers[key] ?? "")}`)
    .join("&");
  return `pkg:${type}/${path.map(encode).join("/")}@${encode(version)}${query === "" ? "" : `?${query}`}`;
}

/** The specification leaves `:` as it is, an epoch's for example. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll("%3A", ":");
}
