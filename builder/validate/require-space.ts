import { statfs } from "node:fs/promises";
import { StackError } from "../../lib/error.ts";

/** A folder, what it needs and how the user chooses another. */
export interface SpaceNeed {
  readonly folder: string;
  readonly what: string;
  readonly leastMiB: number;
  readonly choose: string;
}

/** Free MiB where a folder is, as an ordinary user may use them. */
export async function freeMiB(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return Math.floor((bavail * bsize) / 2 ** 20);
}

/**
 * @throws StackError `no-space` naming folder, need and what is there.
 */
export async function requireSpace(needs: readonly SpaceNeed[], free = freeMiB): Promise<void> {
  for (const { folder, what, leastMiB, choose } of needs) {
    const there = await free(folder);
    if (there >= leastMiB) continue;
    throw new StackError("no-space", `${what} needs ${leastMiB} MiB in ${folder}, which has ${there} MiB free`, {
      hint: choose,
    });
  }
}
