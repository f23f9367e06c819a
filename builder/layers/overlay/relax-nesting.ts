/** What switches off each directive that Proxmox's nesting=0 refuses: the unit would die with 226/NAMESPACE. */
const off: Readonly<Record<string, string>> = {
  ProtectProc: "default",
  ProcSubset: "all",
  ProtectKernelTunables: "no",
  ProtectControlGroups: "no",
};

/** Values that already mean "off". */
const harmless = new Set(["", "no", "false", "off", "0", "default", "all"]);

/**
 * The drop-in that a packaged unit needs to start in a container without nesting: exactly
 * the directives it sets, switched off. undefined where it sets none.
 */
export function relaxNesting(unitText: string): string | undefined {
  const set = unitText
    .split("\n")
    .map((line) => /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line))
    .filter((match) => match?.[1] !== undefined && match[1] in off && !harmless.has(match[2] ?? ""))
    .map((match) => match?.[1] ?? "");
  if (set.length === 0) return undefined;
  const lines = [...new Set(set)].sort().map((name) => `${name}=${off[name]}`);
  return ["# Proxmox's nesting=0 refuses the mounts these need (226/NAMESPACE).", "[Service]", ...lines, ""].join("\n");
}
