/**
 * Whether dpkg leaves a path out: the last path-exclude or path-include rule that matches
 * decides, and a rule's * matches slashes too (dpkg(1), fnmatch without FNM_PATHNAME).
 */
export function isLeftOut(path: string, rules: readonly string[]): boolean {
  const rule = rules.findLast((line) => pattern(line.slice(line.indexOf("=") + 1)).test(path));
  return rule?.startsWith("path-exclude=") === true;
}

function pattern(glob: string): RegExp {
  return new RegExp(`^${glob.replace(/[.+^${}()|\\]/g, "\\$&").replaceAll("*", ".*")}$`, "s");
}
