import type { Test } from "tap";
import { silentLog, stderrLog } from "../../lib/log.ts";
import { type AddressOptions, containerAddress } from "../../lib/lxc/container-address.ts";
import type { ContainerLimits, SeccompOptions } from "../../lib/lxc/container-config.ts";
import { bootContainer, createFromTemplate, type FromTemplate } from "../../lib/lxc/create-from-template.ts";
import { destroyContainer } from "../../lib/lxc/destroy-container.ts";
import { execIn } from "../../lib/lxc/exec-in.ts";
import type { Addressing } from "../../lib/lxc/merge-interfaces.ts";
import { createNetwork, destroyNetwork, type Network, type NetworkOptions } from "../../lib/lxc/network.ts";
import { stopContainer } from "../../lib/lxc/stop-container.ts";
import { sweep } from "../../lib/lxc/sweep.ts";
import { type RunOptions, type RunResult, run } from "../../lib/run.ts";
import { type Cleanup, cleanupAfter } from "./cleanup.ts";
import { type Client, openClient } from "./client.ts";
import { type CopyOptions, copyContainer } from "./copy-container.ts";
import { layOver } from "./lay-over.ts";
import { workFolder } from "./needs.ts";

export interface MachineOptions extends Partial<ContainerLimits>, SeccompOptions {
  readonly template: string;
  /** Where the template is extracted already: the container lies over that. Default: it is extracted, as pct does. */
  readonly over?: string | undefined;
  /** Where its files are. Default: where all test containers live. */
  readonly folder?: string;
  readonly hostname?: string;
  readonly addressing?: Addressing;
  readonly nesting?: boolean;
  readonly vmid?: number;
  readonly rootPassword?: string;
  readonly sshKeys?: string;
}

/** A container on a bridge, as a test sees it. */
export interface Machine extends FromTemplate {
  readonly network: Network;
  /** Starts it as `pct start` does; the time just before, by performance.now(). */
  start(): Promise<number>;
  stop(options?: { readonly kill?: boolean }): Promise<void>;
  /** Stops (or cuts the power) and starts again; the time just before the start. */
  reboot(options?: { readonly kill?: boolean }): Promise<number>;
  /** The host's pid of its init. */
  pid(): number;
  address(kind?: AddressOptions["kind"]): Promise<string>;
  exec(command: string, args?: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** A shell line inside; its standard output, trimmed. */
  sh(script: string, options?: RunOptions): Promise<string>;
  /** Clients on the container's own loopback. */
  inside(): Client;
  /** Clients on the bridge: the container's neighbour, outside it. */
  readonly peer: Client;
  /** `pct clone --full`: another container, with this one's files. This one must be stopped. */
  copy(options: CopyOptions): Promise<Machine>;
  destroy(): Promise<void>;
}

interface Setup {
  readonly network: Network;
  readonly cleanup: Cleanup;
}

/** The figures of the default stack: 4 cores, 8 GiB, as REQUIREMENTS' `pct create` line. */
const DEFAULTS = { memory: 8192, swap: 512, cores: 4 } as const;

/** A network of this test file's own; leftovers of crashed runs are removed first. */
export async function setUpNetwork(t: Test, options: Pick<NetworkOptions, "silent" | "router"> = {}): Promise<Setup> {
  const cleanup = cleanupAfter(t);
  const effects = { run, log: stderrLog, signal: cleanup.signal };
  await sweep({ folder: workFolder, ...effects });
  const network = await createNetwork({ folder: workFolder, ...options, ...effects });
  cleanup.add(() => destroyNetwork({ network, run, log: stderrLog }));
  return { network, cleanup };
}

/** `pct create` with a template, in the test's network. It isn't started; it goes when the test file ends. */
export async function createMachine(setup: Setup, { over, ...options }: MachineOptions): Promise<Machine> {
  const all = {
    folder: workFolder,
    network: setup.network,
    hostname: "stock-analysis",
    addressing: { kind: "dhcp" },
    nesting: false,
    ...DEFAULTS,
    ...options,
    run,
    log: stderrLog,
    signal: setup.cleanup.signal,
  } as const;
  const copyOf: CopyOf = (original, changed) =>
    machineOf(setup, copyContainer(original, { ...all, ...changed }), copyOf);
  const fill = over !== undefined && { fill: ({ rootfs }: { rootfs: string }) => layOver(over, rootfs, { run }) };
  return machineOf(setup, createFromTemplate({ ...all, ...fill }), copyOf);
}

type CopyOf = (original: FromTemplate, changed: CopyOptions) => Promise<Machine>;

async function machineOf(
  { network, cleanup }: Setup,
  creating: Promise<FromTemplate>,
  copyOf: CopyOf,
): Promise<Machine> {
  const effects = { run, log: stderrLog, signal: cleanup.signal };
  // An interrupt meets a creation half way as well: what comes of it is waited for and taken down.
  cleanup.add(async () => {
    const late = await creating.catch(() => undefined);
    if (late !== undefined) await destroyContainer({ container: late.container, run, log: silentLog });
  });
  const made = await creating;
  const { container } = made;
  let pid: number | undefined;
  let inside: Client | undefined;
  const peer = openClient(network.namespace);

  const closeInside = async (): Promise<void> => {
    await inside?.close();
    inside = undefined;
  };
  const running = (): number => {
    if (pid === undefined) throw new Error("the container isn't started");
    return pid;
  };
  const machine: Machine = {
    ...made,
    network,
    peer,
    pid: running,
    start: async () => {
      const before = performance.now();
      pid = await bootContainer({ ...made, ...effects });
      return before;
    },
    stop: async (how = {}) => {
      await closeInside();
      await stopContainer({ container, ...how, ...effects });
      pid = undefined;
    },
    reboot: async (how = {}) => {
      await machine.stop(how);
      return machine.start();
    },
    address: (kind = "ipv4") => containerAddress({ pid: running(), kind, ...effects }),
    exec: (command, args = [], more = {}) => execIn({ container, command, args, ...effects, ...more }),
    sh: async (script, more = {}) => (await machine.exec("sh", ["-c", script], more)).stdout.trim(),
    inside: () => {
      inside ??= openClient(`/proc/${running()}/ns/net`);
      return inside;
    },
    copy: (changed) => copyOf(made, changed),
    destroy: async () => {
      await Promise.all([closeInside(), peer.close()]);
      await destroyContainer({ container, run, log: silentLog });
    },
  };
  cleanup.add(() => machine.destroy());
  return machine;
}
