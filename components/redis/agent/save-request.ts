import { join } from "node:path";
import { readTextIfAny, writeFileAtomic } from "../../../lib/files.ts";

/** Has the job redis-saves save every node that has not saved since then. @param since seconds since 1970 */
export async function requestSave(runFolder: string, since: number): Promise<void> {
  await writeFileAtomic(pathOf(runFolder), `${since}\n`, { mode: 0o644 });
}

/** The moment since which every node is to have saved: seconds since 1970; 0: nobody asked. */
export async function requestedSave(runFolder: string): Promise<number> {
  return Number(await readTextIfAny(pathOf(runFolder))) || 0;
}

function pathOf(runFolder: string): string {
  return join(runFolder, "redis-save-since");
}
