import { bootContainer, createFromTemplate, type FromTemplate } from "../../lib/lxc/create-from-template.ts";
import { destroyContainer } from "../../lib/lxc/destroy-container.ts";
import type { Effects } from "../../lib/lxc/effects.ts";
import type { Network } from "../../lib/lxc/network.ts";
import { stopContainer } from "../../lib/lxc/stop-container.ts";
import type { Guests } from "./guests.ts";

export interface LxcGuestsOptions extends Effects {
  /** Where the containers lie. */
  readonly folder: string;
  readonly network: Network;
}

/** Containers that really boot, on liblxc, made and started as `pct` does it. */
export function lxcGuests({ folder, network, ...effects }: LxcGuestsOptions): Guests & { clear(): Promise<void> } {
  const all = new Map<number, FromTemplate & { pid?: number }>();
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
      all.set(vmid, await createFromTemplate({ ...spec, folder, network, ...effects }));
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
    destroy,
    addresses: async (vmid) => {
      const { pid } = of(vmid);
      if (pid === undefined) return [];
      const args = [`--net=/proc/${pid}/ns/net`, "ip", "-o", "addr", "show", "dev", "eth0"];
      // Not there yet, or no more.
      const { stdout } = await effects.run("nsenter", args, { accept: [0, 1] });
      return [...stdout.matchAll(/\binet6? (\S+\/\d+)/g)].map(([, address = ""]) => address);
    },
    clear: async () => {
      for (const vmid of all.keys()) await destroy(vmid);
    },
  };
}
