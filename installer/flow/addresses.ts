import { isStackError } from "../../lib/error.ts";
import { waitFor } from "../../lib/wait.ts";
import type { NetworkSettings } from "../../stack/definition/network.ts";
import { fixedAddresses } from "../../stack/net-addresses.ts";
import type { Node } from "../node/node.ts";
import { noAddress } from "./no-address.ts";

export interface AddressWait {
  readonly vmid: number;
  readonly bridge: string;
  readonly network: NetworkSettings;
  /** Milliseconds for the whole. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** A lease takes seconds where there is a DHCP server. */
const leasePatience = 60_000;

/** The addresses that the node tells; where it doesn't tell all, the fixed IPv6 one too that the container was given. */
export async function addressesOf(
  node: Node,
  { vmid, network }: Pick<AddressWait, "vmid" | "network">,
): Promise<string[]> {
  const { addresses, complete } = await node.addresses(vmid);
  if (complete) return [...addresses];
  const fixed = fixedAddresses(network).filter((address) => address.includes(":") && !addresses.includes(address));
  return [...addresses, ...fixed];
}

export async function waitAddresses(node: Node, wait: AddressWait): Promise<readonly string[]> {
  const { vmid, bridge, network, timeout, signal } = wait;
  const look = async (): Promise<readonly string[] | undefined> => {
    const found = await addressesOf(node, wait);
    return found.length > 0 ? found : undefined;
  };
  try {
    return await waitFor(look, {
      what: `an address of container ${vmid}`,
      timeout: Math.min(leasePatience, timeout),
      interval: 500,
      signal,
    });
  } catch (error) {
    if (!isStackError(error) || error.code !== "timeout") throw error;
    const { net0 } = await node.config(vmid).catch(() => ({ net0: undefined }));
    throw noAddress({ vmid, bridge, network, net0: net0 === undefined ? undefined : String(net0), cause: error.cause });
  }
}
