import { StackError } from "../../lib/error.ts";
import type { NetworkSettings } from "../../stack/definition/network.ts";
import { fixedAddresses, netAddresses } from "../../stack/net-addresses.ts";

interface Lonely {
  readonly vmid: number;
  readonly bridge: string;
  readonly network: NetworkSettings;
  /** The container's `net0`, as the node has it; undefined where it doesn't tell. */
  readonly net0: string | undefined;
  readonly cause: unknown;
}

/** What to say of a container that runs and has no address: who should have given it one, and how to do without. */
export function noAddress({ vmid, bridge, network, net0, cause }: Lonely): StackError {
  return new StackError("no-address", `container ${vmid} runs, but its eth0 has no address`, {
    cause,
    hint:
      fixedAddresses(network).length > 0
        ? `look inside: pct exec ${vmid} -- journalctl --unit networking`
        : `is there ${givers(network)} on bridge ${bridge}? A fixed address: ${fixing(vmid, network, net0 ?? `name=eth0,bridge=${bridge}`)}, then the same command again`,
  });
}

function givers(network: NetworkSettings): string {
  const { ip, ip6 } = netAddresses(network);
  const four = ip === "dhcp" ? ["a DHCP server"] : [];
  if (ip6 === "auto") return [...four, "a router that advertises a prefix"].join(", or ");
  return [...four, ...(ip6 === "dhcp" ? ["a DHCPv6 server"] : [])].join(", or ");
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
