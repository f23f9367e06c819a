import { StackError } from "../../lib/error.ts";
import type { NetworkSettings } from "../../stack/definition/network.ts";
import { type AskedAddress, askedAddresses, fixedAddresses, netAddresses } from "../../stack/net-addresses.ts";
import type { FoundAddresses } from "./found-addresses.ts";

interface Lonely {
  readonly vmid: number;
  readonly bridge: string;
  readonly network: NetworkSettings;
  /** The container's `net0`, as the node has it; undefined where it doesn't tell. */
  readonly net0: string | undefined;
  /** False where the node tells nothing of what was asked for, be it there or not. */
  readonly isTold: boolean;
  readonly cause: unknown;
}

/** What to say of a container that runs and has no address: who should have given it one, and how to do without. */
export function noAddress({ vmid, bridge, network, net0, isTold, cause }: Lonely): StackError {
  if (!isTold) {
    return new StackError("no-address", `container ${vmid} runs; Proxmox VE 8 does not tell its IPv6 addresses`, {
      hint: `on the node: pct exec ${vmid} -- stack-agent status --wait; a fixed address6, or IPv4 beside it, is found from here`,
    });
  }
  return new StackError("no-address", `container ${vmid} runs, but its eth0 has no address`, {
    cause,
    hint:
      fixedAddresses(network).length > 0
        ? inside(vmid)
        : `is there ${askedAddresses(network).map(giver).join(", or ")} on bridge ${bridge}? A fixed address: ${fixing(vmid, network, net0 ?? `name=eth0,bridge=${bridge}`)}, then the same command again`,
  });
}

/** What of a container that works isn't there all the same, a line each, and what helps. */
export function absences(
  { missing, untold }: Pick<FoundAddresses, "missing" | "untold">,
  { vmid, bridge }: Pick<Lonely, "vmid" | "bridge">,
): readonly string[] {
  return [
    ...missing.map((asked) => {
      const help = asked.by === "static" ? inside(vmid) : `is there ${giver(asked)} on bridge ${bridge}?`;
      return `container ${vmid} has no address by ${asked.option}; ${help}`;
    }),
    ...untold.map(
      ({ option }) =>
        `Proxmox VE 8 does not tell what container ${vmid} has by ${option}; ` +
        `on the node: pct exec ${vmid} -- ip -6 address show eth0`,
    ),
  ];
}

function inside(vmid: number): string {
  return `look inside: pct exec ${vmid} -- journalctl --unit networking`;
}

function giver({ family, by }: AskedAddress): string {
  if (by === "auto") return "a router that advertises a prefix";
  return family === "IPv4" ? "a DHCP server" : "a DHCPv6 server";
}

/** `pct set` replaces all of net0: what is not of the address, MAC and VLAN too, is said again. */
function fixing(vmid: number, network: NetworkSettings, net0: string): string {
  const four = netAddresses(network).ip !== undefined;
  const replaced = four ? /^(ip|gw)=/ : /^(ip6|gw6)=/;
  const kept = net0.split(",").filter((part) => !replaced.test(part));
  const example = four ? ["ip=10.1.1.120/24", "gw=10.1.1.1"] : ["ip6=fd00::120/64", "gw6=fd00::1"];
  const value = [...kept, ...example].join(",");
  return `pct set ${vmid} --net0 ${/^[\w.,:=/-]+$/.test(value) ? value : `'${value}'`}`;
}
