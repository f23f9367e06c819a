/** Every privilege the stand-in speaks of; written again, so that a name which the installer has wrong is refused. */
const privileges: readonly string[] = [
  "Datastore.Allocate",
  "Datastore.AllocateSpace",
  "Datastore.AllocateTemplate",
  "Datastore.Audit",
  "Pool.Allocate",
  "Pool.Audit",
  "SDN.Use",
  "Sys.Audit",
  "VM.Allocate",
  "VM.Audit",
  "VM.Config.CPU",
  "VM.Config.Disk",
  "VM.Config.Memory",
  "VM.Config.Network",
  "VM.Config.Options",
  "VM.PowerMgmt",
];

/**
 * Roles, who has them where, and pools: /etc/pve/user.cfg and what PVE::AccessControl and
 * PVE::RPCEnvironment (pve-access-control 9) make of it.
 *
 * - What is given on a path counts below it, until a deeper path has something for the same user.
 * - A token's privileges are those that it and its user both have; a shared one's (privsep 0) are
 *   its user's, whatever is given to itself.
 * - A container in a pool has the pool's roles too.
 */
export function createAcl() {
  const roles = new Map<string, Set<string>>([["Administrator", new Set(privileges)]]);
  const entries = new Map<string, Map<string, Set<string>>>();
  const shared = new Set<string>();
  const pools = new Map<string, Set<number>>();

  const rolesOn = (who: string, path: string): readonly string[] => {
    const parts = path.split("/").filter((part) => part !== "");
    const paths = ["/", ...parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`)];
    return [...(paths.map((at) => entries.get(at)?.get(who)).findLast((found) => found !== undefined) ?? [])];
  };
  const own = (who: string, path: string): readonly string[] => {
    const vmid = /^\/vms\/(\d+)$/.exec(path)?.[1];
    const pool = [...pools].find(([, members]) => members.has(Number(vmid)))?.[0];
    const all = [...rolesOn(who, path), ...(pool === undefined ? [] : rolesOn(who, `/pool/${pool}`))];
    return privileges.filter((one) => all.some((role) => roles.get(role)?.has(one)));
  };
  const held = (who: string, path: string): readonly string[] => {
    // Nothing is ever denied to it.
    if (who === "root@pam") return privileges;
    const [user = "", token] = who.split("!");
    if (token === undefined) return own(who, path);
    const users = held(user, path);
    return shared.has(who) ? users : own(who, path).filter((one) => users.includes(one));
  };

  return {
    held,
    pools,
    share: (token: string): void => void shared.add(token),
    /** @throws Error in pveum's words */
    addRole: (name: string, list: readonly string[]): void => {
      if (roles.has(name)) throw new Error(`create role failed: role '${name}' already exists`);
      roles.set(name, new Set(known(list)));
    },
    /** @throws Error in pveum's words */
    modifyRole: (name: string, list: readonly string[], append: boolean): void => {
      const before = roles.get(name);
      if (before === undefined) throw new Error(`update role failed: role '${name}' does not exist`);
      roles.set(name, new Set([...(append ? before : []), ...known(list)]));
    },
    give: (path: string, who: readonly string[], given: readonly string[]): void => {
      const missing = given.find((role) => !roles.has(role));
      if (missing !== undefined) throw new Error(`update ACL failed: role '${missing}' does not exist`);
      const at = entries.get(path) ?? new Map<string, Set<string>>();
      for (const one of who) at.set(one, new Set([...(at.get(one) ?? []), ...given]));
      entries.set(path, at);
    },
    /** What goes with a container: what was given on its path, to whomever, and its place in a pool. */
    removeVm: (vmid: number): void => {
      entries.delete(`/vms/${vmid}`);
      for (const members of pools.values()) members.delete(vmid);
    },
  };
}

function known(list: readonly string[]): readonly string[] {
  const unknown = list.find((one) => !privileges.includes(one));
  if (unknown !== undefined) throw new Error(`invalid privilege '${unknown}'`);
  return list;
}
