import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ensureFolder, readTextIfAny } from "../files.ts";
import type { Run } from "../run.ts";
import { waitFor } from "../wait.ts";
import type { Effects } from "./effects.ts";
import { killIfAny } from "./remove-cgroups.ts";
import { runName } from "./run-name.ts";

/** A network of our own: a namespace with a bridge, DHCP and DNS; the host's is never touched. */
export interface Network {
  readonly name: string;
  /** What nsenter's --net takes. */
  readonly namespace: string;
  readonly bridge: string;
  /** The bridge's own address, 10.1.1.1: gateway, DNS server and a neighbour of every container. */
  readonly gateway: string;
  /** The same, of IPv6: fd10:1:1::1, of a network of 64 bits. Nobody announces it. */
  readonly gateway6: string;
  readonly prefixLength: number;
  readonly folder: string;
}

const BRIDGE = "br0";
const GATEWAY = "10.1.1.1";
const GATEWAY6 = "fd10:1:1::1";
const PREFIX_LENGTH = 24;
/** Below the requirement's example of a static address, 10.1.1.120. */
const DHCP_RANGE = "10.1.1.50,10.1.1.99,255.255.255.0,1h";
/** Hosts choose addresses of their own (SLAAC), or ask for one of these. */
const DHCP_RANGE6 = "fd10:1:1::50,fd10:1:1::99,slaac,64,1h";

export interface NetworkOptions {
  /** Where its files are. */
  readonly folder: string;
  /** Nobody answers there: neither DHCP nor DNS. */
  readonly silent?: boolean;
  /** The bridge advertises itself as IPv6's router, and answers DHCPv6. */
  readonly router?: boolean;
}

/**
 * Makes a network for containers of this run.
 *
 * @throws StackError from `run`, with nothing of the network left.
 */
export async function createNetwork(options: NetworkOptions & Effects): Promise<Network> {
  const { run, signal } = options;
  const name = runName();
  const folder = join(options.folder, name);
  const network: Network = {
    name,
    namespace: `/run/netns/${name}`,
    bridge: BRIDGE,
    gateway: GATEWAY,
    gateway6: GATEWAY6,
    prefixLength: PREFIX_LENGTH,
    folder,
  };
  try {
    await ensureFolder(folder, { mode: 0o755 });
    const steps = [
      ["netns", "add", name],
      ["-n", name, "link", "set", "lo", "up"],
      ["-n", name, "link", "add", BRIDGE, "type", "bridge"],
      ["-n", name, "addr", "add", `${GATEWAY}/${PREFIX_LENGTH}`, "dev", BRIDGE],
      ["-n", name, "addr", "add", `${GATEWAY6}/64`, "dev", BRIDGE, "nodad"],
      ["-n", name, "link", "set", BRIDGE, "up"],
    ];
    for (const step of steps) await run("ip", step, { signal, install: "apt-get install iproute2" });
    if (!options.silent) await startDnsmasq(network, options, options.router === true);
    return network;
  } catch (error) {
    await destroyNetwork({ ...options, network, signal: undefined });
    throw error;
  }
}

/** Runs a command in the network's namespace. */
export function inNetwork(network: Network, run: Run): Run {
  // Not `ip netns exec`: it mounts /sys anew and so hides the cgroups from lxc-start.
  return (command, args, options) => run("nsenter", [`--net=${network.namespace}`, command, ...args], options);
}

/** Takes the network away with every process in its namespace. Nothing happens where it is already gone. */
export async function destroyNetwork(options: { readonly network: Network } & Effects): Promise<void> {
  const { network, run } = options;
  await destroyNamespace({ name: network.name, run });
  await rm(network.folder, { recursive: true, force: true });
}

/** Ends every process in a namespace of ours, then removes it. */
export async function destroyNamespace({ name, run }: { readonly name: string; readonly run: Run }): Promise<void> {
  const list = await run("ip", ["netns", "pids", name], { accept: [0, 1, 255] });
  for (const pid of list.stdout.split("\n").filter((line) => line !== "")) {
    killIfAny(Number(pid));
  }
  const gone = await run("ip", ["netns", "list"]);
  if (gone.stdout.split("\n").some((line) => line.split(" ")[0] === name)) await run("ip", ["netns", "del", name]);
}

async function startDnsmasq(network: Network, { run, signal }: Effects, router: boolean): Promise<void> {
  const file = (name: string): string => join(network.folder, name);
  await inNetwork(network, run)(
    "dnsmasq",
    [
      "--conf-file=/dev/null",
      "--user=root",
      ...["--no-hosts", "--no-resolv", "--bind-interfaces", "--except-interface=lo", `--interface=${BRIDGE}`],
      // --no-ping: without it every offer waits for an echo.
      ...["--no-ping", "--dhcp-authoritative", `--dhcp-range=${DHCP_RANGE}`, `--dhcp-option=3,${GATEWAY}`],
      ...(router ? ["--enable-ra", `--dhcp-range=${DHCP_RANGE6}`] : []),
      `--dhcp-leasefile=${file("leases")}`,
      `--pid-file=${file("dnsmasq.pid")}`,
      `--log-facility=${file("dnsmasq.log")}`,
    ],
    { signal, install: "apt-get install dnsmasq-base" },
  );
  await waitFor(async () => ((await readTextIfAny(file("dnsmasq.pid"))) ?? "") !== "", {
    what: "dnsmasq's pid file",
    timeout: 10_000,
    signal,
  });
}
