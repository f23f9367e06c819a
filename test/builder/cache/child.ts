/**
 * A process that stores a layer, for tests of what others see of it. Its argument, JSON:
 * where, which, how large an archive; `hang`: it stops before the archive's end and waits.
 * It prints the error it ends with, as JSON, or `{}`.
 */
import { storeLayer } from "../../../builder/cache/store-layer.ts";
import { errorDocument } from "../../../lib/error.ts";
import { archive, content, flowing } from "./archives.ts";

export interface ChildTask {
  readonly folder: string;
  readonly key: string;
  readonly bytes: number;
  readonly hang?: boolean;
  /** The user it becomes first. */
  readonly uid?: number;
}

const { folder, key, bytes, hang, uid } = JSON.parse(process.argv[2] ?? "") as ChildTask;
const whole = archive([{ name: "./file", bytes: content(bytes, 1) }]);

async function* source(): AsyncGenerator<Buffer> {
  if (hang !== true) return yield* flowing(whole);
  yield whole.subarray(0, whole.length - 1_000_000);
  process.stdout.write("waiting\n");
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}

try {
  if (uid !== undefined) process.setuid?.(uid);
  const layer = { name: "one", key, archive: source(), started: 0 };
  await storeLayer(folder, layer, "zst", new AbortController().signal);
  process.stdout.write("{}\n");
} catch (error) {
  process.stdout.write(`${JSON.stringify(errorDocument(error))}\n`);
}
