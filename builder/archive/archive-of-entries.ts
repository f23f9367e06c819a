import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pad, padded, TypeFlag, writeHeader } from "./header.ts";
import { endOfArchive } from "./merge.ts";

/** A member of an archive that we write ourselves; owners are numbers, so no root is needed. */
export interface Entry {
  /** Absolute path in the container. */
  readonly path: string;
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly content:
    | { readonly kind: "text"; readonly text: string }
    /** Copied from a file of this machine. */
    | { readonly kind: "file"; readonly from: string }
    | { readonly kind: "symlink"; readonly target: string }
    | { readonly kind: "directory" };
}

/**
 * An archive of entries, sorted by path.
 *
 * @param mtime seconds since 1970, the same for every member
 */
export function archiveOfEntries(entries: readonly Entry[], mtime: number): AsyncGenerator<Buffer> {
  return blocks(
    [...entries].sort((a, b) => (a.path < b.path ? -1 : 1)),
    mtime,
  );
}

async function* blocks(entries: readonly Entry[], mtime: number): AsyncGenerator<Buffer> {
  for (const { path, mode, uid = 0, gid = 0, content } of entries) {
    const common = { name: `.${path}`, linkName: "", mode, uid, gid, mtime };
    switch (content.kind) {
      case "text": {
        const bytes = Buffer.from(content.text);
        yield writeHeader({ ...common, type: TypeFlag.file, size: bytes.length });
        yield pad(bytes);
        break;
      }
      case "file": {
        const { size } = await stat(content.from);
        yield writeHeader({ ...common, type: TypeFlag.file, size });
        yield* createReadStream(content.from) as AsyncIterable<Buffer>;
        yield Buffer.alloc(padded(size) - size);
        break;
      }
      case "symlink":
        yield writeHeader({ ...common, mode: 0o777, type: TypeFlag.symlink, size: 0, linkName: content.target });
        break;
      case "directory":
        yield writeHeader({ ...common, name: `.${path}/`, type: TypeFlag.directory, size: 0 });
    }
  }
  yield endOfArchive;
}
