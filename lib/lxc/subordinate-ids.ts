import { readTextIfAny, writeFileAtomic } from "../files.ts";
import type { Log } from "../log.ts";
import { idMap } from "./id-map.ts";

const LINE = `root:${idMap.base}:${idMap.range}`;
export const subordinateFiles = ["/etc/subuid", "/etc/subgid"] as const;

/** Whether root may map the ids Proxmox maps, by the text of /etc/subuid or /etc/subgid. */
export function allowsMapping(text: string): boolean {
  return text.split("\n").some((line) => {
    const [name, first, count] = line.split(":");
    if (name !== "root" && name !== "0") return false;
    return Number(first) <= idMap.base && Number(first) + Number(count) >= idMap.base + idMap.range;
  });
}

/**
 * Gives root the subordinate ids that a fresh Debian lacks and a Proxmox node has. Adds one
 * line to each file that has no fitting one and says so; other lines stay.
 */
export async function ensureSubordinateIds({ log }: { readonly log: Log }): Promise<void> {
  for (const path of subordinateFiles) {
    const text = (await readTextIfAny(path)) ?? "";
    if (allowsMapping(text)) continue;
    await writeFileAtomic(path, `${text.replace(/([^\n])$/, "$1\n")}${LINE}\n`);
    log("notice", `added ${LINE} to ${path}`);
  }
}
