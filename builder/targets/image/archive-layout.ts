import { createReadStream, createWriteStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { padded, TypeFlag, writeHeader } from "../../archive/header.ts";
import { endOfArchive } from "../../archive/merge.ts";
import { sourceDateEpoch } from "../../context.ts";

/** What readers look for first comes first: some go through an archive once. */
const firstFiles = ["oci-layout", "index.json", "manifest.json"];

/** Writes a layout's folder as one tar, its names without `./`: docker and podman look for them so. */
export async function archiveLayout(folder: string, file: string, signal: AbortSignal): Promise<void> {
  const blobs = (await readdir(join(folder, "blobs", "sha256"))).sort().map((name) => `blobs/sha256/${name}`);
  await pipeline(members(folder, [...firstFiles, ...blobs]), createWriteStream(file), { signal });
}

async function* members(folder: string, names: readonly string[]): AsyncGenerator<Buffer> {
  const common = { linkName: "", uid: 0, gid: 0, mtime: sourceDateEpoch };
  for (const name of names) {
    if (name === names.find((one) => one.startsWith("blobs/"))) {
      for (const one of ["blobs/", "blobs/sha256/"]) {
        yield writeHeader({ ...common, name: one, type: TypeFlag.directory, mode: 0o755, size: 0 });
      }
    }
    const { size } = await stat(join(folder, name));
    yield writeHeader({ ...common, name, type: TypeFlag.file, mode: 0o644, size });
    yield* createReadStream(join(folder, name)) as AsyncIterable<Buffer>;
    yield Buffer.alloc(padded(size) - size);
  }
  yield endOfArchive;
}
