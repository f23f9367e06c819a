import { open } from "node:fs/promises";
import type { Format } from "../context.ts";
import { codecJobs, codecs, sha256 } from "./codec.ts";
import type { ContentIndex } from "./content-index.ts";
import { chunkSize } from "./layer-index.ts";

/**
 * Writes a stream's chunks compressed, in order, as many at once as there are cores.
 *
 * @param seen gets each chunk, uncompressed; its bytes are used again afterwards
 */
export async function writeContent(
  path: string,
  format: Format,
  produce: (push: (bytes: Buffer) => Promise<void>) => Promise<void>,
  seen: (raw: Buffer) => void = () => {},
): Promise<ContentIndex["chunks"]> {
  const codec = codecs[format];
  const chunks: { bytes: number; sha256: string }[] = [];
  const file = await open(path, "w");
  const spare: Buffer<ArrayBuffer>[] = [];
  let written: Promise<void> = Promise.resolve();
  const running: Promise<void>[] = [];
  let buffer = Buffer.allocUnsafe(chunkSize);
  let filled = 0;

  const flush = async (): Promise<void> => {
    const whole = buffer;
    const raw = whole.subarray(0, filled);
    seen(raw);
    const compressed = codec.compress(raw);
    written = Promise.all([compressed, written]).then(async ([made]) => {
      chunks.push({ bytes: made.length, sha256: sha256(made) });
      await file.writeFile(made);
      spare.push(whole);
    });
    // Looked at below; without this, one that fails early would be called unhandled.
    written.catch(() => {});
    running.push(written);
    if (running.length > codecJobs) await running.shift();
    buffer = spare.pop() ?? Buffer.allocUnsafe(chunkSize);
    filled = 0;
  };

  try {
    await produce(async (bytes) => {
      for (let from = 0; from < bytes.length; ) {
        const taken = bytes.copy(buffer, filled, from);
        filled += taken;
        from += taken;
        if (filled === chunkSize) await flush();
      }
    });
    if (filled > 0) await flush();
    await written;
  } finally {
    await written.catch(() => {});
    await file.close();
  }
  return chunks;
}
