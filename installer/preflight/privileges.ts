import type { Wanted } from "../wanted/wanted.ts";

/** Major number of a version like "8.4.1". */
export function major(version: string): number {
  return Number(/^\d+/.exec(version)?.[0] ?? 0);
}

/** What is asked of a container itself, or of the pool that it is in. */
const ofContainer = [
  "VM.Allocate",
  "VM.Audit",
  "VM.Config.CPU",
  "VM.Config.Disk",
  "VM.Config.Memory",
  "VM.Config.Network",
  "VM.Config.Options",
  "VM.PowerMgmt",
] as const;

/** Privileges that making the container takes, by the path they are needed on. */
export function neededPrivileges(
  { settings, vmid, volumes }: Pick<Wanted, "settings" | "vmid" | "volumes">,
  version: string,
): Readonly<Record<string, readonly string[]>> {
  const { templateStorage, storage, bridge, vlan, pool } = settings;
  const needs: readonly (readonly [path: string, privileges: readonly string[]])[] = [
    [`/storage/${templateStorage}`, ["Datastore.AllocateTemplate", "Datastore.Audit"]],
    ...[storage, ...volumes.map((volume) => volume.storage)].map(
      (name) => [`/storage/${name}`, ["Datastore.AllocateSpace"]] as const,
    ),
    [pool === undefined ? `/vms/${vmid}` : `/pool/${pool}`, ofContainer],
    // Bridges are guarded since PVE 8.
    ...(major(version) < 8
      ? []
      : [[`/sdn/zones/localnetwork/${bridge}${vlan === undefined ? "" : `/${vlan}`}`, ["SDN.Use"]] as const]),
  ];
  const byPath: Record<string, string[]> = {};
  for (const [path, privileges] of needs) {
    byPath[path] = [...new Set([...(byPath[path] ?? []), ...privileges])];
  }
  return byPath;
}

const role = "StackDeployer";

/**
 * Commands for root on the node that grant what is missing, one a line. Each can be run again.
 *
 * The role has all that is needed, also on a path that lacks only a part of it: what is given on
 * a path takes the place of what is inherited there (PVE::AccessControl::roles).
 */
export function grants(
  user: string,
  needed: Readonly<Record<string, readonly string[]>>,
  missing: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  const privileges = [...new Set(Object.values(needed).flat())].sort().join(" ");
  const [owner = "", token] = user.split("!");
  // A token that is separated from its user has what both have; one that isn't has its user's.
  const both = token !== undefined && owner !== "root@pam";
  const who = [
    ...(token === undefined || both ? [`--users '${owner}'`] : []),
    ...(token === undefined ? [] : [`--tokens '${user}'`]),
  ].join(" ");
  const paths = Object.keys(missing);
  return [
    `pveum role modify ${role} --append 1 --privs "${privileges}" 2>/dev/null || pveum role add ${role} --privs "${privileges}"`,
    ...paths.map((path) => `pveum acl modify ${path} ${who} --roles ${role}`),
    ...(both ? [`# where ${owner} has more there already, leave its --users out: it would have this instead`] : []),
    ...(paths.some((path) => path.startsWith("/vms/"))
      ? ["# what is granted on /vms/ID goes with the container; on /vms, or on /pool/NAME with --pool NAME, it stays"]
      : []),
  ];
}
