import type { Container } from "./container.ts";
import type { ContainerLimits, SeccompOptions } from "./container-config.ts";
import { createContainer } from "./create-container.ts";
import { destroyContainer } from "./destroy-container.ts";
import { detectGuest, type Guest } from "./detect-guest.ts";
import type { Effects } from "./effects.ts";
import { type ExtractOptions, extractTemplate } from "./extract-template.ts";
import type { Addressing } from "./merge-interfaces.ts";
import type { Network } from "./network.ts";
import { rewriteForCreate } from "./rewrite-for-create.ts";
import { type GuestSettings, rewriteForStart } from "./rewrite-for-start.ts";
import { startContainer } from "./start-container.ts";

export interface FromTemplateOptions extends ContainerLimits, SeccompOptions {
  readonly folder: string;
  readonly network: Network;
  readonly template: string;
  readonly hostname: string;
  readonly addressing: Addressing;
  readonly nesting: boolean;
  readonly vmid?: number;
  readonly mac?: string;
  readonly rootPassword?: string;
  readonly sshKeys?: string;
  readonly volumes?: readonly string[];
  /** What brings the template's files into the rootfs. Default: they are extracted. */
  readonly fill?: (options: ExtractOptions & Effects) => Promise<void>;
}

export interface FromTemplate {
  readonly container: Container;
  readonly guest: Guest;
  readonly settings: GuestSettings;
}

/**
 * `pct create`: extracts a template into a new container, looks what it holds and rewrites
 * its files. The container isn't started. Its DNS is the network's.
 *
 * @throws StackError of any step, with nothing of the container left.
 */
export async function createFromTemplate(options: FromTemplateOptions & Effects): Promise<FromTemplate> {
  const { fill = extractTemplate } = options;
  const container = await createContainer(options);
  try {
    const { rootfs } = container;
    await fill({ ...options, rootfs });
    const guest = await detectGuest(rootfs);
    const settings: GuestSettings = {
      rootfs,
      hostname: options.hostname,
      network: options.addressing,
      dns: { nameservers: [options.network.gateway] },
    };
    await rewriteForCreate({ ...options, ...settings });
    return { container, guest, settings };
  } catch (error) {
    await destroyContainer({ ...options, container });
    throw error;
  }
}

/**
 * `pct start`: rewrites what Proxmox writes at every start, then starts.
 *
 * @returns the host's pid of its init.
 */
export async function bootContainer(options: Pick<FromTemplate, "container" | "settings"> & Effects): Promise<number> {
  await rewriteForStart(options.settings);
  return startContainer(options);
}
