import { isStackError } from "../../lib/error.ts";
import { waitFor } from "../../lib/wait.ts";
import type { NetworkSettings } from "../../stack/definition/network.ts";
import { type AskedAddress, askedAddresses, fixedAddresses } from "../../stack/net-addresses.ts";
import type { Node } from "../node/node.ts";
import type { FoundAddresses } from "./found-addresses.ts";
import { noAddress } from "./no-address.ts";

export interface AddressWait {
  readonly vmid: number;
  readonly bridge: string;
  readonly network: NetworkSettings;
  /** Milliseconds for the whole. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  /** How it stands, when that changes. */
  readonly onLine: (line: string) => void;
}

/**
 * Milliseconds. A lease takes seconds where there is a server; where there is none, ifupdown turns
 * to IPv6 only after the 60 s and more that dhclient(8) asks for IPv4's.
 */
const patience = 90_000;

/** As the node tells them; where it doesn't tell all, the fixed IPv6 one too that the container was given. */
export async function findAddresses(
  node: Node,
  { vmid, network }: Pick<AddressWait, "vmid" | "network">,
): Promise<FoundAddresses> {
  const { addresses: told, complete } = await node.addresses(vmid);
  const fixed = complete ? [] : fixedAddresses(network).filter(isIpv6);
  const allAsked = askedAddresses(network);
  const place = (address: string): number => {
    const index = allAsked.findIndex((asked) => isOf(asked, address));
    return index < 0 ? allAsked.length : index;
  };
  const addresses = [...new Set([...told, ...fixed])].toSorted((a, b) => place(a) - place(b));
  const absent = allAsked.filter((asked) => !addresses.some((address) => isOf(asked, address)));
  const isTold = ({ family }: AskedAddress): boolean => complete || family === "IPv4";
  return {
    addresses,
    missing: absent.filter(isTold),
    untold: absent.filter((asked) => !isTold(asked)),
  };
}

/**
 * Waits for all of the addresses that are asked for; where some are there, for the others no longer
 * than 90 seconds, or half of the time that there is.
 *
 * @throws StackError `no-address`, `aborted`
 */
export async function waitAddresses(node: Node, wait: AddressWait): Promise<FoundAddresses> {
  const { vmid, bridge, network, timeout, signal, onLine } = wait;
  const enough = Date.now() + timeout / 2;
  let told = "";
  let found: FoundAddresses | undefined;
  let cause: unknown;
  const isEnough = async (): Promise<boolean> => {
    found = await findAddresses(node, wait);
    const { addresses, missing } = found;
    if (addresses.length === 0) return isUntold(found);
    const line = [addresses.join(", "), ...missing.map(({ option }) => `waits for ${option}`)].join("; ");
    if (line !== told) onLine(`address ${line}`);
    told = line;
    return missing.length === 0 || Date.now() >= enough;
  };
  try {
    await waitFor(isEnough, {
      what: `an address of container ${vmid}`,
      timeout: Math.min(patience, timeout),
      interval: 500,
      signal,
    });
  } catch (error) {
    if (!isStackError(error) || error.code !== "timeout") throw error;
    cause = error.cause;
  }
  if (found !== undefined && found.addresses.length > 0) return found;
  const { net0 } = await node.config(vmid).catch(() => ({ net0: undefined }));
  const isTold = found === undefined || !isUntold(found);
  throw noAddress({ vmid, bridge, network, net0: net0 === undefined ? undefined : String(net0), isTold, cause });
}

/** Of all that is asked for the node tells nothing, be it there or not. */
function isUntold({ missing, untold }: FoundAddresses): boolean {
  return missing.length === 0 && untold.length > 0;
}

function isOf({ family, by, address: fixed }: AskedAddress, address: string): boolean {
  if (fixed !== undefined) return address === fixed;
  if (isIpv6(address) !== (family === "IPv6")) return false;
  return family === "IPv4" || by === "auto" || !isAdvertised(address);
}

function isIpv6(address: string): boolean {
  return address.includes(":");
}

/** Made of an advertised prefix and the MAC address, as the kernel does it: not a DHCPv6 server's (RFC 4291, EUI-64). */
function isAdvertised(address: string): boolean {
  return /:[0-9a-f]{0,2}ff:fe[0-9a-f]{2}:[0-9a-f]{1,4}$/i.test(address);
}
