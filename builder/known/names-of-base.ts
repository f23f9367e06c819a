import type { Member } from "../archive/scan.ts";

/** What is said of a base's names: `unit ssh.service`, `user mail`, `group adm`, and every path, `/etc/network`. */
export type Names = ReadonlySet<string>;

/** As a layer's members name it: `./etc/network/`. */
export function pathOf({ name }: Pick<Member, "name">): string {
  return name.replace(/^\.?\/?/, "/").replace(/(.)\/$/, "$1");
}

/**
 * The names that a base has.
 *
 * @param accounts of Debian's: what the stack adds to a base is not among them
 */
export function namesOfBase(
  members: readonly Pick<Member, "name">[],
  accounts: { readonly users: readonly string[]; readonly groups: readonly string[] },
): Names {
  const names = new Set<string>();
  for (const member of members) {
    const path = pathOf(member);
    names.add(path);
    const unit = /^\/(?:usr\/lib|etc)\/systemd\/system\/([^/]+\.[a-z]+)$/.exec(path)?.[1];
    if (unit !== undefined) names.add(`unit ${unit}`);
    // systemd makes a unit of each such script that has none.
    const script = /^\/etc\/init\.d\/([^/]+)$/.exec(path)?.[1];
    if (script !== undefined) names.add(`unit ${script}.service`);
  }
  for (const user of accounts.users) names.add(`user ${user}`);
  for (const group of accounts.groups) names.add(`group ${group}`);
  return names;
}
