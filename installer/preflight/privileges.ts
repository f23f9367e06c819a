import type { Wanted } from "../wanted.ts";

/** Major number of a version like "8.4.1". */
export function major(version: string): number {
  return Number(/^\d+/.exec(version)?.[0] ?? 0);
}

/** Privileges that making the container takes, by the path they are needed on. */
export function neededPrivileges(
  { settings, vmid, volumes }: Pick<Wanted, "settings" | "vmid" | "volumes">,
  version: string,
): Readonly<Record<string, readonly string[]>> {
  const { templateStorage, storage, bridge, vlan } = settings;
  const needs: readonly (readonly [path: string, privileges: readonly string[]])[] = [
    [`/storage/${templateStorage}`, ["Datastore.AllocateTemplate", "Datastore.Audit"]],
    ...[storage, ...volumes.map((volume) => volume.storage)].map(
      (name) => [`/storage/${name}`, ["Datastore.AllocateSpace"]] as const,
    ),
    [
      `/vms/${vmid}`,
      [
        "VM.Allocate",
        "VM.Audit",
        "VM.Config.CPU",
        "VM.Config.Disk",
        "VM.Config.Memory",
        "VM.Config.Network",
        "VM.Config.Options",
        "VM.PowerMgmt",
      ],
    ],
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

/** Commands for root on the node that grant what is missing. */
export function grants(user: string, missing: Readonly<Record<string, readonly string[]>>): readonly string[] {
  const all = [...new Set(Object.values(missing).flat())].sort();
  const who = user.includes("!") ? `--tokens '${user}'` : `--users '${user}'`;
  return [
    `pveum role add ${role} --privs "${all.join(" ")}"`,
    ...Object.keys(missing).map((path) => `pveum acl modify ${path} ${who} --roles ${role}`),
  ];
}
