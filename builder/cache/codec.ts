import { createHash, webcrypto } from "node:crypto";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { constants, gunzip, gzip, zstdCompress, zstdDecompress } from "node:zlib";
import type { Format } from "../context.ts";

/** A stretch of an archive, compressed. */
export interface Compressed {
  readonly bytes: Buffer;
  /** sha256 of it uncompressed. */
  readonly raw: string;
}

/** Compresses stretches of an archive, each to a gzip member or zstd frame of its own. */
export interface Codec {
  /** Names what decides over the bytes: method, level, library. */
  readonly id: string;
  /** In the thread pool. */
  compress(raw: Buffer): Promise<Buffer>;
  /** @throws for damaged bytes */
  decompress(compressed: Buffer): Promise<Buffer>;
}

const piece = { chunkSize: 1024 * 1024 };

export const codecs: Readonly<Record<Format, Codec>> = {
  gz: {
    id: `gz-6-${process.versions.zlib}`,
    compress: (raw) => promisify(gzip)(raw, { ...piece, level: 6 }),
    decompress: (compressed) => promisify(gunzip)(compressed, piece),
  },
  zst: {
    id: `zst-9-${process.versions.zstd}`,
    compress: (raw) =>
      promisify(zstdCompress)(raw, {
        ...piece,
        params: { [constants.ZSTD_c_compressionLevel]: 9, [constants.ZSTD_c_windowLog]: 21 },
      }),
    decompress: (compressed) => promisify(zstdDecompress)(compressed, piece),
  },
};

/** How many stretches are compressed at once. libuv's thread pool, UV_THREADPOOL_SIZE, is the other limit. */
export const codecJobs = Math.min(availableParallelism(), 16);

/** Hex. */
export function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Hex, worked out in the thread pool. */
export async function sha256InPool(bytes: Buffer<ArrayBuffer>): Promise<string> {
  return Buffer.from(await webcrypto.subtle.digest("SHA-256", bytes)).toString("hex");
}
