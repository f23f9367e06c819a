import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { createZstdDecompress } from "node:zlib";
import { Parser } from "tar";
import { ExitCode, isErrno, messageOf, StackError } from "../../lib/error.ts";
import { readDefinition } from "../../stack/definition/parse.ts";
import { machinePaths } from "../../stack/machine-paths.ts";
import type { Model } from "../../stack/model.ts";
import { resolve } from "../../stack/resolve.ts";

/** A stack's .deb as it lies here. */
export interface HostPackage {
  readonly path: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** dpkg's name of it: `stack-agent-stock-analysis`. */
  readonly name: string;
  readonly version: string;
  /** SHA-256 of its list of files and their checksums, which dpkg keeps as it is: two of one version are told apart by it. */
  readonly contents: string;
  readonly model: Model;
}

/**
 * Reads a .deb that `build-template deb` wrote. A deb(5) is an ar(5) archive of two tars; ours
 * are compressed by zstd.
 *
 * @throws StackError `no-package`, `foreign-package`, `definition-invalid`; exit 64
 */
export async function openPackage(path: string, signal: AbortSignal): Promise<HostPackage> {
  const file = basename(path);
  const members = await membersOf(path);
  const control = await texts(path, members.get("control.tar.zst"), ["./control", "./md5sums"]);
  const fields = new Map(
    [...(control[0] ?? "").matchAll(/^(\w[\w-]*): (.*)$/gm)].map(([, key = "", value]) => [key, value]),
  );
  const [name, version] = [fields.get("Package"), fields.get("Version")];
  const definitionPath = `.${machinePaths.definition}`;
  const [definition] = await texts(path, members.get("data.tar.zst"), [definitionPath]);
  if (!name?.startsWith("stack-agent-") || version === undefined || definition === undefined) {
    throw foreign(path, "it is no package of a stack");
  }
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { signal }), hash);
  const model = resolve(readDefinition(definition, `${file}:${definitionPath.slice(1)}`, []).definition);
  return {
    ...{ path, file, name, version, model },
    bytes: (await stat(path)).size,
    sha256: hash.digest("hex"),
    contents: createHash("sha256")
      .update(control[1] ?? "")
      .digest("hex"),
  };
}

interface Member {
  readonly start: number;
  readonly size: number;
}

const magic = "!<arch>\n";
const header = 60;

async function membersOf(path: string): Promise<ReadonlyMap<string, Member>> {
  const file = await open(path).catch((error: unknown) => {
    if (!isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) throw error;
    throw new StackError("no-package", `there is no package ${path}`, {
      hint: "build-template deb --out dist writes one",
      exit: ExitCode.usage,
    });
  });
  try {
    if (!(await file.stat()).isFile() || (await textAt(file, 0, magic.length)) !== magic)
      throw foreign(path, "it is no .deb");
    const members = new Map<string, Member>();
    for (let at = magic.length; ; ) {
      const line = await textAt(file, at, header);
      if (line.length < header) return members;
      const [name, size] = [line.slice(0, 16).trim().replace(/\/$/, ""), Number(line.slice(48, 58))];
      members.set(name, { start: at + header, size });
      // Each begins at an even place.
      at += header + size + (size % 2);
    }
  } finally {
    await file.close();
  }
}

async function textAt(file: FileHandle, at: number, length: number): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead).toString("latin1");
}

/** Texts of a tar's members; undefined for each that isn't in it. */
async function texts(
  path: string,
  member: Member | undefined,
  names: readonly string[],
): Promise<(string | undefined)[]> {
  if (member === undefined) throw foreign(path, "it is no package of a stack");
  const found = new Map<string, Buffer[]>();
  const parser = new Parser({
    onReadEntry: (entry) => {
      if (!names.includes(entry.path)) return void entry.resume();
      const chunks: Buffer[] = [];
      found.set(entry.path, chunks);
      entry.on("data", (chunk: Buffer) => chunks.push(chunk));
    },
  });
  const { start, size } = member;
  const compressed = createReadStream(path, { start, end: start + size - 1 });
  try {
    await pipeline(compressed, createZstdDecompress(), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) parser.write(chunk);
      parser.end();
    });
  } catch (error) {
    throw foreign(path, messageOf(error));
  }
  return names.map((name) => {
    const chunks = found.get(name);
    return chunks === undefined ? undefined : Buffer.concat(chunks).toString();
  });
}

function foreign(path: string, why: string): StackError {
  return new StackError("foreign-package", `${path} can't be installed with this: ${why}`, {
    hint: "build-template deb --out dist writes one that can",
    exit: ExitCode.usage,
  });
}
