import type { StandInState } from "./stand-in-state.ts";

/** `pveum` of a stand-in: roles, what is given on paths, pools. @throws Error in pveum's words */
export function pveum({ access }: StandInState, argv: readonly string[]): void {
  const [noun, verb, subject = "", ...rest] = argv;
  const options = new Map<string, string>();
  for (let at = 0; at < rest.length; at += 2) options.set(rest[at] ?? "", rest[at + 1] ?? "");
  const list = (name: string): readonly string[] =>
    (options.get(`--${name}`) ?? "").split(/[ ,;]+/).filter((word) => word !== "");
  const commands: Readonly<Record<string, () => void>> = {
    "role add": () => access.addRole(subject, list("privs")),
    "role modify": () => access.modifyRole(subject, list("privs"), options.get("--append") === "1"),
    "acl modify": () => access.give(subject, [...list("users"), ...list("tokens")], list("roles")),
    "pool add": () => {
      if (access.pools.has(subject)) throw new Error(`create pool failed: pool '${subject}' already exists`);
      access.pools.set(subject, new Set());
    },
  };
  const command = commands[`${noun} ${verb}`];
  if (command === undefined) throw new Error(`ERROR: unknown command 'pveum ${argv.join(" ")}'`);
  command();
}
