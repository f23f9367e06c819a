import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { type CreateOptions, createContainer } from "../../lib/lxc/create-container.ts";
import type { FromTemplate } from "../../lib/lxc/create-from-template.ts";
import { destroyContainer } from "../../lib/lxc/destroy-container.ts";
import type { Effects } from "../../lib/lxc/effects.ts";
import type { Addressing } from "../../lib/lxc/network-interfaces.ts";

const COPY_TIMEOUT = 5 * 60_000;

/**
 * `pct clone --full` of a stopped container: its files as they are, but for an empty
 * machine-id; another name, network card and address. Nothing else is made new.
 */
export async function copyContainer(
  original: FromTemplate,
  options: CreateOptions & { readonly addressing: Addressing } & Effects,
): Promise<FromTemplate> {
  const container = await createContainer(options);
  const { rootfs } = container;
  try {
    await options.run("cp", ["--archive", "--reflink=auto", `${original.container.rootfs}/.`, rootfs], {
      timeout: COPY_TIMEOUT,
    });
    await truncate(join(rootfs, "etc/machine-id"));
    const { hostname, addressing: network } = options;
    return { container, guest: original.guest, settings: { ...original.settings, rootfs, hostname, network } };
  } catch (error) {
    await destroyContainer({ ...options, container });
    throw error;
  }
}
