import * as z from "zod/mini";
import { readTextIfAny } from "../../lib/files.ts";
import { sha256 } from "./codec.ts";
import { damaged } from "./damaged.ts";
import { digest } from "./layer-index.ts";
import { unseal } from "./seal.ts";
import type { StoredLayer } from "./stored-layer.ts";

/** `content-CODEC.json`: where in the file beside it each chunk lies, one after the other. */
export const contentIndex = z.strictObject({
  /** Of which archive: see `archiveDigest`. */
  archive: digest,
  chunks: z.array(z.strictObject({ bytes: z.int(), sha256: digest })),
});
export type ContentIndex = z.output<typeof contentIndex>;

/** Of an archive, by its chunks' digests. */
export function archiveDigest(chunks: readonly string[]): string {
  return sha256(chunks.join("\n"));
}

/**
 * @param path of the content
 * @returns undefined where there is none
 * @throws StackError `damaged-layer`, for another layer's content too
 */
export async function readContentIndex(layer: StoredLayer, path: string): Promise<ContentIndex | undefined> {
  const text = await readTextIfAny(`${path}.json`);
  if (text === undefined) return undefined;
  try {
    const listed = contentIndex.parse(unseal(text));
    const { chunks } = layer.index;
    if (listed.chunks.length === chunks.length && listed.archive === archiveDigest(chunks)) return listed;
  } catch (error) {
    throw damaged(layer.folder, `${path}.json`, error);
  }
  throw damaged(layer.folder, `${path}.json`);
}
