import { statfs } from "node:fs/promises";
import { StackError } from "./error.ts";

/** Bytes that stay free: a server that runs there goes on. */
const ROOM = 256 * 1_048_576;

export interface RoomNeeded {
  /** What needs it, for the message: "the backup". */
  readonly what: string;
  /** Where it is to lie; it exists. */
  readonly folder: string;
  /** Of what comes; some more has to stay free beside it. */
  readonly bytes: number;
  /** What is said before how to make room: "nothing was changed". */
  readonly state?: string;
}

/** @throws StackError `disk-full` where that wouldn't fit */
export async function refuseTooLittleRoom(needed: RoomNeeded): Promise<void> {
  const { bavail, bsize } = await statfs(needed.folder);
  const free = bavail * bsize;
  if (free < needed.bytes + ROOM) throw tooLittleRoom(needed, free);
}

/** @param free bytes */
export function tooLittleRoom({ what, folder, bytes, state }: RoomNeeded, free: number): StackError {
  const MiB = (size: number): string => `${Math.ceil(size / 1_048_576)} MiB`;
  const help = "make room, or on the node: pct resize VMID rootfs +5G; then again";
  return new StackError("disk-full", `${what} needs ${MiB(bytes + ROOM)} on ${folder}, and ${MiB(free)} are free`, {
    hint: state === undefined ? help : `${state}; ${help}`,
  });
}
