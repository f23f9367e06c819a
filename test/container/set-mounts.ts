import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { seccompProfile } from "../../lib/lxc/container-config.ts";
import type { Machine } from "./create-machine.ts";

/** Has a container meet another host at its next start: one that lets it mount, or one that doesn't. */
export async function setMounts({ container }: Machine, mounts: boolean): Promise<void> {
  await writeFile(join(container.lxcPath, container.name, "seccomp"), seccompProfile({ mounts }));
}
