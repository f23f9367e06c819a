import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { archiveOf } from "../cache/raw.ts";
import type { StoredLayer } from "../cache/stored-layer.ts";
import { namespaceCommand } from "../namespace.ts";
import { inputTo } from "../output-of.ts";
import { rootfsFolder } from "../work-folder.ts";

/** Unpacks the base layer into the work folder, with its owners. @returns the folder */
export async function unpackRootfs(base: StoredLayer, work: string, signal: AbortSignal): Promise<string> {
  const root = join(work, rootfsFolder);
  await mkdir(root, { recursive: true });
  const flags = ["--extract", "--preserve-permissions", "--numeric-owner", "--acls", "--xattrs", "--xattrs-include=*"];
  const archive = Readable.from(archiveOf(base), { objectMode: false });
  await inputTo(archive, [...namespaceCommand, "tar", ...flags, "-C", root], signal);
  return root;
}
