import { exists } from "../files.ts";

/** How the host mounts cgroups: v2 alone, or v1 controllers (hybrid ones too). */
export type CgroupLayout = "unified" | "legacy";

const ROOT = "/sys/fs/cgroup";

/** The host's layout; undefined where no usable one is mounted. */
export async function cgroupLayout(root: string = ROOT): Promise<CgroupLayout | undefined> {
  if (await exists(`${root}/cgroup.controllers`)) return "unified";
  const needed = ["systemd", "memory", "cpuset"].map((name) => exists(`${root}/${name}/cgroup.procs`));
  return (await Promise.all(needed)).every(Boolean) ? "legacy" : undefined;
}
