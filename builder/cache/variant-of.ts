import { createHash, randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import * as z from "zod/mini";
import { isErrno } from "../../lib/error.ts";
import type { Segment } from "../archive/merge.ts";
import type { Format } from "../context.ts";
import { type Compressed, codecs, sha256 } from "./codec.ts";
import { digest } from "./layer-index.ts";
import { rawRange } from "./raw.ts";
import { seal, unseal } from "./seal.ts";
import type { StoredLayer } from "./stored-layer.ts";

/** What is left of a layer's chunks, compressed now or by an earlier build. */
export async function variantOf(layer: StoredLayer, format: Format, segments: readonly Segment[]): Promise<Compressed> {
  const codec = codecs[format];
  const hash = createHash("sha256");
  for (const one of segments) {
    if ("bytes" in one) hash.update(`${one.bytes.length}:`).update(one.bytes);
    else hash.update(`${one.start}-${one.end};`);
  }
  const path = join(layer.folder, `variant-${codec.id}-${hash.digest("hex").slice(0, 32)}`);
  const kept = await readVariant(path);
  if (kept !== undefined) return kept;
  const parts: Buffer[] = [];
  for (const one of segments) {
    if ("bytes" in one) parts.push(one.bytes);
    else for await (const bytes of rawRange(layer, one.start, one.end)) parts.push(bytes);
  }
  const raw = Buffer.concat(parts);
  const made = { bytes: await codec.compress(raw), raw: sha256(raw) };
  await keepVariant(path, made);
  return made;
}

const variantIndex = z.strictObject({
  /** The file's: tells another variant's apart. */
  name: z.string(),
  sha256: digest,
  /** Of it uncompressed. */
  raw: digest,
});

/** One that isn't whole, or not what its digest says, counts as none and is made again. */
async function readVariant(path: string): Promise<Compressed | undefined> {
  try {
    const index = variantIndex.parse(unseal(await readFile(`${path}.json`, "utf8")));
    const bytes = await readFile(path);
    return index.name === basename(path) && sha256(bytes) === index.sha256 ? { bytes, raw: index.raw } : undefined;
  } catch {
    return undefined;
  }
}

async function keepVariant(path: string, { bytes, raw }: Compressed): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
    await writeFile(`${temporary}.json`, seal({ name: basename(path), sha256: sha256(bytes), raw }));
    await rename(`${temporary}.json`, `${path}.json`);
  } catch (error) {
    // A full disk or a cache that may only be read costs time, not the build.
    if (!isErrno(error)) throw error;
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
    await rm(`${temporary}.json`, { force: true }).catch(() => {});
  }
}
