import { createHash } from "node:crypto";
import { mkdir, open, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { endOfArchive } from "../../archive/merge.ts";
import { codecs, sha256 } from "../../cache/codec.ts";
import { openContent } from "../../cache/content.ts";
import { rawRange } from "../../cache/raw.ts";
import type { StoredLayer } from "../../cache/stored-layer.ts";

/** Media types of the OCI image specification 1.1. */
export const mediaType = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  empty: "application/vnd.oci.empty.v1+json",
  sbom: "application/vnd.cyclonedx+json",
} as const;

/** A blob by its content. */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:HEX`. */
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly architecture: string; readonly os: string };
  readonly artifactType?: string;
}

export interface LayerBlob extends Descriptor {
  /** Of the archive uncompressed: what the configuration names it by. */
  readonly diffId: string;
}

/** Where a blob lies in a layout. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/** Writes blobs to a layout's folder, each once. */
export interface BlobStore {
  json(mediaType: string, content: object): Promise<Descriptor>;
  layer(layer: StoredLayer): Promise<LayerBlob>;
}

export async function blobStore(folder: string, signal: AbortSignal): Promise<BlobStore> {
  const blobs = join(folder, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const layers = new Map<string, Promise<LayerBlob>>();
  return {
    async json(mediaType, content) {
      const text = JSON.stringify(content);
      const hash = sha256(text);
      await writeFile(join(blobs, hash), text);
      return { mediaType, digest: `sha256:${hash}`, size: Buffer.byteLength(text) };
    },
    layer(layer) {
      const known = layers.get(layer.folder);
      if (known !== undefined) return known;
      const written = writeLayer(layer, blobs, signal);
      layers.set(layer.folder, written);
      return written;
    },
  };
}

/** The layer as it lies in the cache, a row of gzip members, and the end of its archive as one more. */
async function writeLayer(layer: StoredLayer, blobs: string, signal: AbortSignal): Promise<LayerBlob> {
  const hash = createHash("sha256");
  const temporary = join(blobs, `.layer-${layer.index.key.slice(0, 16)}`);
  const content = await openContent(layer, "gz", signal);
  const file = await open(temporary, "w", 0o644);
  let size = 0;
  const append = async (bytes: Buffer): Promise<void> => {
    hash.update(bytes);
    size += bytes.length;
    await file.writeFile(bytes);
  };
  try {
    for (const number of layer.index.chunks.keys()) {
      signal.throwIfAborted();
      await append((await content.chunk(number)).bytes);
    }
    await append(await codecs.gz.compress(endOfArchive));
  } finally {
    await content.close();
    await file.close();
  }
  const raw = createHash("sha256");
  for await (const bytes of rawRange(layer, 0, layer.index.bytes)) raw.update(bytes);
  const digest = hash.digest("hex");
  await rename(temporary, join(blobs, digest));
  const diffId = `sha256:${raw.update(endOfArchive).digest("hex")}`;
  return { mediaType: mediaType.layer, digest: `sha256:${digest}`, size, diffId };
}
