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

/** One of eth0's addresses, as it is asked for. */
export interface AskedAddress {
  readonly family: "IPv4" | "IPv6";
  /** As it is written in `net0`: `ip=dhcp`, `ip6=fd00::120/64`. */
  readonly option: string;
  /** Who gives it: a DHCP server, routers that advertise a prefix (SLAAC), or the definition. */
  readonly by: "dhcp" | "auto" | "static";
  /** Of `static` alone: without its prefix, as ip-address(8) writes it. */
  readonly address?: string | undefined;
}

export function askedAddresses(network: NetworkSettings): readonly AskedAddress[] {
  const { ip, ip6 } = netAddresses(network);
  const asked = (family: AskedAddress["family"], key: string, value: string | undefined): AskedAddress[] => {
    if (value === undefined) return [];
    const option = `${key}=${value}`;
    if (value === "dhcp" || value === "auto") return [{ family, option, by: value }];
    return [{ family, option, by: "static", address: canonical(value.replace(/\/.*$/, "")) }];
  };
  return [...asked("IPv4", "ip", ip), ...asked("IPv6", "ip6", ip6)];
}

/** Those that are always the same, without their prefix, as ip-address(8) writes them. */
export function fixedAddresses(network: NetworkSettings): readonly string[] {
  return askedAddresses(network).flatMap(({ address }) => address ?? []);
}

/** Of IPv6's spellings the one of RFC 5952. */
function canonical(address: string): string {
  return address.includes(":") ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;
}

/** `ip=dhcp,ip6=auto`: as it is written in `net0`. */
export function netOptions(network: NetworkSettings): string {
  return Object.entries(netAddresses(network))
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))
    .join(",");
}
