import { rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { type CreateOptions, createContainer } from "../../lib/lxc/create-container.ts";
import type { FromTemplate } from "../../lib/lxc/create-from-template.ts";
import { destroyContainer } from "../../lib/lxc/destroy-container.ts";
import type { Effects } from "../../lib/lxc/effects.ts";
import type { Addressing } from "../../lib/lxc/merge-interfaces.ts";
import { layOver } from "./lay-over.ts";

const COPY_TIMEOUT = 5 * 60_000;

export interface CopyOptions {
  readonly hostname: string;
  readonly addressing: Addressing;
  readonly vmid?: number;
  /**
   * `blank`, the default, as `pct clone` leaves it; `none` as `pct create` does, for a copy of
   * one that was never started; `kept` where the copy stands for the original itself.
   */
  readonly machineId?: "blank" | "none" | "kept";
  /** Lies over the original's files. It must stay stopped as long as the copy is there. */
  readonly shared?: boolean;
}

/**
 * `pct clone --full` of a stopped container: its files as they are, but for the machine-id;
 * another name, network card and address. Nothing else is made new.
 */
export async function copyContainer(
  original: FromTemplate,
  options: CreateOptions & CopyOptions & Effects,
): Promise<FromTemplate> {
  const container = await createContainer(options);
  const { rootfs } = container;
  try {
    if (options.shared) await layOver(original.container.rootfs, rootfs, options);
    else {
      await options.run("cp", ["--archive", "--reflink=auto", `${original.container.rootfs}/.`, rootfs], {
        timeout: COPY_TIMEOUT,
      });
    }
    const machineId = join(rootfs, "etc/machine-id");
    if (options.machineId === "none") await rm(machineId, { force: true });
    else if (options.machineId !== "kept") await truncate(machineId);
    const { hostname, addressing: network } = options;
    return { container, guest: original.guest, settings: { ...original.settings, rootfs, hostname, network } };
  } catch (error) {
    await destroyContainer({ ...options, container });
    throw error;
  }
}
