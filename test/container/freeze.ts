import { readFile, writeFile } from "node:fs/promises";
import { cgroupLayout } from "../../lib/lxc/cgroup-layout.ts";
import { waitFor } from "../../lib/wait.ts";
import type { Machine } from "./create-machine.ts";

const freezers = {
  legacy: { folder: "freezer/", file: "freezer.state", freeze: "FROZEN", thaw: "THAWED", told: "freezer.state" },
  unified: { folder: "", file: "cgroup.freeze", freeze: "1", thaw: "0", told: "cgroup.events" },
} as const;

/**
 * Stops every process of a container where it is, by its control group: lxc-freeze fails where one who asked liblxc
 * to be told of the container's states has gone since.
 *
 * @returns lets them go on
 */
export async function freeze(machine: Machine): Promise<() => Promise<void>> {
  const { folder, file, freeze, thaw, told } = freezers[(await cgroupLayout()) ?? "unified"];
  const group = `/sys/fs/cgroup/${folder}lxc.payload.${machine.container.name}`;
  await writeFile(`${group}/${file}`, freeze);
  await waitFor(async () => /^(FROZEN|frozen 1)$/m.test(await readFile(`${group}/${told}`, "utf8")), {
    what: "the container's processes to stand still",
    timeout: 30_000,
  });
  return () => writeFile(`${group}/${file}`, thaw);
}
