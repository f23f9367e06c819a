import type { NetworkSettings } from "./definition/network.ts";

/** eth0's addresses as Proxmox's `net0` has them; what is undefined isn't asked for. */
export interface NetAddresses {
  /** `dhcp`, or an address with its prefix. */
  readonly ip?: string | undefined;
  readonly gw?: string | undefined;
  /** `auto`, `dhcp`, or an address with its prefix. */
  readonly ip6?: string | undefined;
  readonly gw6?: string | undefined;
}

export function netAddresses(network: NetworkSettings): NetAddresses {
  if (network === "dhcp") return { ip: "dhcp" };
  const { address: ip, gateway: gw, address6: ip6, gateway6: gw6 } = network;
  return { ip, gw, ip6, gw6 };
}

/** Those that are always the same, without their prefix. */
export function fixedAddresses(network: NetworkSettings): readonly string[] {
  const { ip, ip6 } = netAddresses(network);
  return [ip, ip6].flatMap((address) => (address?.includes("/") ? [address.replace(/\/.*$/, "")] : []));
}

/** `ip=dhcp,ip6=auto`: as it is written in `net0`. */
export function netOptions(network: NetworkSettings): string {
  return Object.entries(netAddresses(network))
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))
    .join(",");
}
