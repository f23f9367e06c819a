import { StackError } from "../../lib/error.ts";
import type { ClusterModel } from "../../stack/components/cluster/model.ts";

/** Why a machine has no place in the cluster: none of the three addresses is its own. */
export function notANode({ nodes }: ClusterModel, addresses: readonly string[]): StackError {
  const wanted = nodes.map(({ name, address }) => `${name}: ${address}`).join(", ");
  const has = addresses.length === 0 ? "no address" : addresses.join(", ");
  return new StackError("not-a-node", `this machine is none of the cluster's nodes, ${wanted}; it has ${has}`, {
    hint: "give its eth0 the address of one: pct set VMID -net0 …,ip=ADDRESS/PREFIX,gw=GATEWAY, then pct reboot VMID",
  });
}
