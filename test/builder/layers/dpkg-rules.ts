/**
 * What dpkg leaves out by some rules: the last path-exclude or path-include that matches a
 * path decides, and a rule's * matches slashes too (dpkg(1), fnmatch without FNM_PATHNAME).
 */
export function dpkgRules(lines: readonly string[]): { leavesOut(path: string): boolean } {
  const rules = lines.flatMap((line) => {
    const [, kind, glob = ""] = /^path-(exclude|include)=(.*)$/.exec(line) ?? [];
    return kind === undefined ? [] : [{ out: kind === "exclude", glob: pattern(glob) }];
  });
  return { leavesOut: (path) => rules.findLast(({ glob }) => glob.test(path))?.out === true };
}

function pattern(glob: string): RegExp {
  return new RegExp(`^${glob.replace(/[.+^${}()|\\]/g, "\\$&").replaceAll("*", ".*")}$`, "s");
}
