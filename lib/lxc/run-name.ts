import { randomBytes } from "node:crypto";
import { isAlive } from "../is-alive.ts";

/** Everything of ours that outlives a crash of its owner carries this prefix and the owner's pid. */
const PREFIX = "stackct";
const PATTERN = new RegExp(`^${PREFIX}-([0-9]+)-[0-9a-f]{6}$`);

/** A name no other run has: `stackct-PID-RANDOM`. At most 32 characters. */
export function runName(owner: number = process.pid): string {
  return `${PREFIX}-${owner}-${randomBytes(3).toString("hex")}`;
}

/** The owner's pid in a name of ours; undefined for anyone else's name. */
export function ownerOf(name: string): number | undefined {
  const pid = PATTERN.exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** Whether a name is ours and its owner no longer runs. A recycled pid counts as alive. */
export function isOrphan(name: string): boolean {
  const owner = ownerOf(name);
  return owner !== undefined && !isAlive(owner);
}
