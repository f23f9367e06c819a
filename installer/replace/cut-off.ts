import { StackError } from "../../lib/error.ts";
import type { Node } from "../node/node.ts";
import type { Wanted } from "../wanted/wanted.ts";

/** What a replacement that was cut off, the workstation's power say, has left: known by the new one's tags on its node. */
export interface CutOff {
  /** The containers run now. */
  readonly isOldRunning: boolean;
  readonly isNewRunning: boolean;
  /** The new one was told to have all there is, when the old one had been shut down. */
  readonly hasAll: boolean;
  /** The old one was started after the new one was made. */
  readonly wasOldStarted: boolean;
  /** The new one was started with all there is, and with the old one's address. */
  readonly hasServed: boolean;
}

/** How the same command carries on. */
export type Remedy =
  /** The old one has all there is: the new one goes, and all begins anew. */
  | "begin-anew"
  /** The same, but nobody has started the old one again. */
  | "start-old"
  /** The new one has all there is, and both are shut down. */
  | "switch"
  /** The new one serves, or is to. */
  | "finish";

/**
 * Which of the two has all there is. Never the one that was stopped since the other took anything.
 *
 * @throws StackError `both-served`
 */
export function remedyOf(
  { isOldRunning, hasAll, wasOldStarted, hasServed }: CutOff,
  from: number,
  vmid: number,
): Remedy {
  const isOldNewer = isOldRunning || wasOldStarted;
  if (hasServed && isOldNewer) {
    throw new StackError("both-served", `container ${vmid} was started in the place of ${from}, and ${from} after it`, {
      hint: `each may have taken what the other has not: stop the one that is not to serve, look, then deploy-template destroy --vmid ${vmid}, or go on with ${vmid}`,
    });
  }
  if (hasServed) return "finish";
  if (isOldRunning) return "begin-anew";
  return hasAll && !wasOldStarted ? "switch" : "start-old";
}

/** Tags of a container that is made in the place of another, and of one that has all there is of it. */
export const placeTags = (from: number) => ({ made: `replaces-${from}`, hasAll: `has-all-of-${from}` });

/**
 * What of a replacement of `from` is there.
 *
 * @returns undefined: nothing
 * @throws StackError `cut-off` where it is in a container of another vmid
 */
export async function cutOffRun(
  node: Node,
  { vmid, from, wanted }: { readonly vmid: number; readonly from: number; readonly wanted: Wanted },
): Promise<CutOff | undefined> {
  const tags = placeTags(from);
  const guests = (await node.guests()).filter((guest) => guest.type === "lxc" && guest.node === node.name);
  const heirs = guests.filter((guest) => guest.tags.includes(tags.made) || guest.tags.includes(tags.hasAll));
  const heir = heirs.find((guest) => guest.vmid === vmid);
  const [other] = heirs;
  if (heir === undefined && other !== undefined) {
    throw new StackError("cut-off", `container ${other.vmid} is of a replacement of ${from} that was cut off`, {
      hint: `--vmid ${other.vmid} carries on with it: deploy-template replace ${wanted.template.file} --from ${from} --vmid ${other.vmid}`,
    });
  }
  if (heir === undefined) return undefined;
  const old = guests.find((guest) => guest.vmid === from);
  if (old === undefined) return undefined;
  const [newest, before, made, starts, oldStarts] = await Promise.all([
    node.refreshed(heir),
    node.refreshed(old),
    node.creations(vmid),
    node.starts(vmid),
    node.starts(from),
  ]);
  const since = made[0]?.started ?? Number.POSITIVE_INFINITY;
  const hasAll = newest.tags.includes(tags.hasAll);
  return {
    isOldRunning: before.status === "running",
    isNewRunning: newest.status === "running",
    hasAll,
    wasOldStarted: (oldStarts[0]?.started ?? 0) > since,
    // Its first start was to be proven.
    hasServed: hasAll && starts.filter(({ started }) => started >= since).length > 1,
  };
}
