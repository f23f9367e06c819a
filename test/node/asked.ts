import { ApiFault } from "./api-fault.ts";
import type { StandInGuest, StandInState } from "./stand-in-state.ts";

/** A request that has found its route. */
export interface Asked {
  readonly state: StandInState;
  readonly user: string;
  /** What the path names: node, vmid … */
  readonly at: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
}

/** @throws ApiFault 500 where there is none: Proxmox knows no 404 */
export function container({ state, user, at }: Asked, ...needed: readonly string[]): StandInGuest {
  const vmid = Number(at.vmid);
  state.access.demand(user, `/vms/${vmid}`, ...needed);
  const guest = state.guests.get(vmid);
  if (guest?.type === "lxc" && guest.node === state.node) return guest;
  throw new ApiFault(500, `Configuration file 'nodes/${state.node}/lxc/${vmid}.conf' does not exist`);
}
