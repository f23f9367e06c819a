import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import { isStackError } from "../../lib/error.ts";
import { readTextIfAny, writeFileAtomic } from "../../lib/files.ts";
import { explainDisk } from "../cache/explain-disk.ts";
import type { Apt, ArchiveState } from "./open-apt.ts";

/** A package's file that an archive names and hasn't. */
const goneFile = z.strictObject({
  name: z.string(),
  version: z.string(),
  /** The source package: its other binaries are wanted in the same version. */
  source: z.string(),
  url: z.string(),
  sha256: z.string(),
});
export type GoneFile = z.output<typeof goneFile>;

/**
 * Files that were found missing in archives of this very state. Another state is another
 * record, so that nothing is held against an archive that has changed since.
 *
 * @param folder where resolutions are kept
 */
export async function readGone(folder: string, states: readonly ArchiveState[]): Promise<GoneFile[]> {
  const text = await readTextIfAny(recordPath(folder, states));
  if (text === undefined) return [];
  try {
    return z.array(goneFile).parse(JSON.parse(text));
  } catch {
    return [];
  }
}

/** @throws StackError `cache-full`, `cache-forbidden` */
export async function writeGone(
  folder: string,
  states: readonly ArchiveState[],
  files: readonly GoneFile[],
): Promise<void> {
  const path = recordPath(folder, states);
  const text = `${JSON.stringify(files, undefined, 1)}\n`;
  const written = files.length === 0 ? rm(path, { force: true }) : writeFileAtomic(path, text);
  await written.catch((error: unknown) => explainDisk(error, folder));
}

/** Those of the files that are still missing: a mirror may get them after their names. */
export async function stillGone(files: readonly GoneFile[], apt: Apt): Promise<GoneFile[]> {
  const still: GoneFile[] = [];
  const probe = join(apt.folder, "probe");
  for (const file of files) {
    try {
      await apt.apt("apt-helper", ["download-file", file.url, probe, `SHA256:${file.sha256}`]);
    } catch (error) {
      if (!isStackError(error) || error.code !== "package-gone") throw error;
      still.push(file);
    }
    await rm(probe, { force: true });
  }
  return still;
}

/**
 * apt_preferences(5) that leave out the missing versions, of a source's other packages too:
 * these depend on each other exactly. A rebuild's `+b1` is the same version.
 */
export function withoutGone(files: readonly GoneFile[]): string {
  const rules = files.flatMap(({ name, source, version }) => {
    const same = version.replace(/\+b\d+$/, "").replace(/[.+*?()[\]{}^$|\\]/g, "\\$&");
    return [name, `src:${source}`].map(
      (what) => `Package: ${what}\nPin: version /^${same}(\\+b[0-9]+)?$/\nPin-Priority: -1\n`,
    );
  });
  return [...new Set(rules)].join("\n");
}

function recordPath(folder: string, states: readonly ArchiveState[]): string {
  const digest = createHash("sha256").update(JSON.stringify(states)).digest("hex");
  return join(folder, `gone-${digest.slice(0, 32)}.json`);
}
