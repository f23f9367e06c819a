import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Container } from "../../lib/lxc/container.ts";
import { bootContainer, createFromTemplate, type FromTemplate } from "../../lib/lxc/create-from-template.ts";
import { destroyContainer } from "../../lib/lxc/destroy-container.ts";
import type { Effects } from "../../lib/lxc/effects.ts";
import type { Network } from "../../lib/lxc/network.ts";
import { stopContainer } from "../../lib/lxc/stop-container.ts";
import { layOver } from "../container/lay-over.ts";
import type { Guests } from "./guests.ts";

export interface LxcGuestsOptions extends Effects {
  /** Where the containers lie. */
  readonly folder: string;
  readonly network: Network;
}

type LxcGuests = Guests & {
  /** Undefined where there is none. */
  container(vmid: number): Pick<Container, "lxcPath" | "name"> | undefined;
  /** Those that are made from now on lie over a folder in which the template is extracted already. */
  layOver(folder: string): void;
  clear(): Promise<void>;
};

/** Containers that really boot, on liblxc, made and started as `pct` does it. */
export function lxcGuests({ folder, network, ...effects }: LxcGuestsOptions): LxcGuests {
  const all = new Map<number, FromTemplate & { pid?: number }>();
  let below: string | undefined;
  const of = (vmid: number): FromTemplate & { pid?: number } => {
    const found = all.get(vmid);
    if (found === undefined) throw new Error(`container ${vmid} does not exist`);
    return found;
  };
  const destroy = async (vmid: number): Promise<void> => {
    const found = all.get(vmid);
    all.delete(vmid);
    if (found !== undefined) await destroyContainer({ ...effects, signal: undefined, container: found.container });
  };
  return {
    create: async ({ vmid, ...spec }) => {
      const over = below;
      const fill = over !== undefined && { fill: ({ rootfs }: { rootfs: string }) => layOver(over, rootfs, effects) };
      all.set(vmid, await createFromTemplate({ ...spec, folder, network, ...effects, ...fill }));
    },
    start: async (vmid) => {
      const found = of(vmid);
      found.pid = await bootContainer({ ...found, ...effects });
    },
    stop: async (vmid) => {
      const found = of(vmid);
      // As `pct stop` does: without asking.
      await stopContainer({ container: found.container, kill: true, ...effects });
      delete found.pid;
    },
    shutdown: async (vmid) => {
      const found = of(vmid);
      await stopContainer({ container: found.container, ...effects });
      delete found.pid;
    },
    configure: async (vmid, { addressing, mac }) => {
      const found = of(vmid);
      all.set(vmid, { ...found, settings: { ...found.settings, network: addressing } });
      const path = join(found.container.lxcPath, found.container.name, "config");
      const text = await readFile(path, "utf8");
      await writeFile(path, text.replace(/^(lxc\.net\.0\.hwaddr = ).*$/m, `$1${mac}`));
    },
    attach: (vmid) => {
      const { lxcPath, name } = of(vmid).container;
      const environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"].flatMap((one) => [
        "-v",
        one,
      ]);
      return ["lxc-attach", "-P", lxcPath, "-n", name, "--clear-env", ...environment, "--"];
    },
    destroy,
    addresses: async (vmid) => {
      const { pid } = of(vmid);
      if (pid === undefined) return [];
      const args = [`--net=/proc/${pid}/ns/net`, "ip", "-o", "addr", "show", "dev", "eth0"];
      // Not there yet, or no more.
      const { stdout } = await effects.run("nsenter", args, { accept: [0, 1] });
      return [...stdout.matchAll(/\binet6? (\S+\/\d+)/g)].map(([, address = ""]) => address);
    },
    container: (vmid) => {
      const { lxcPath, name } = all.get(vmid)?.container ?? {};
      return lxcPath === undefined || name === undefined ? undefined : { lxcPath, name };
    },
    layOver: (extracted) => {
      below = extracted;
    },
    clear: async () => {
      for (const vmid of all.keys()) await destroy(vmid);
    },
  };
}
