import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { decompress } from "../../../builder/archive/decompress.ts";
import { blockSize, type Header, pad, readPax, TypeFlag, writeHeader } from "../../../builder/archive/header.ts";
import { readArchive } from "../../../builder/archive/read-archive.ts";
import { unpackArchive } from "../../../components/services/agent/releases/unpack-archive.ts";
import { run } from "../../../lib/run.ts";
import type { Target } from "../target.ts";

const signal = new AbortController().signal;

/** An archive as it flows by. */
export const tar: Target = {
  name: "tar",
  seeds: () => [archive()],
  mended: withChecksums,
  read: async (input) => {
    for await (const { member, content } of readArchive(chunksOf(input))) {
      let bytes = 0;
      for await (const chunk of content) bytes += chunk.length;
      if (bytes !== member.size) throw new Error(`${bytes} bytes of a member of ${member.size}`);
      if (!(member.size >= 0 && Number.isSafeInteger(member.uid))) throw new Error("a number that is none");
    }
  },
};

/** Records of a pax header. */
export const pax: Target = {
  name: "pax",
  seeds: () => [Buffer.from("20 path=./some/name\n27 SCHILY.xattr.user.a=bcd\n11 uid=123\n")],
  read: readPax,
};

/** A folder of a target's own, made when it is needed. */
function ownFolder() {
  let made: Promise<string> | undefined;
  return {
    path: (): Promise<string> => {
      made ??= mkdtemp(join(tmpdir(), "stack-fuzz-"));
      return made;
    },
    remove: async (): Promise<void> => {
      if (made !== undefined) await rm(await made, { recursive: true, force: true });
      made = undefined;
    },
  };
}

const forCompressed = ownFolder();
const forServices = ownFolder();
let number = 0;

/** Compressed archives, as `verify` and `deploy-template` read them. */
export const compressed: Target = {
  name: "compressed",
  seeds: () => {
    const [one, other] = [gzipSync(archive()), zstdCompressSync(archive())];
    return [one, Buffer.concat([one, gzipSync("more")]), other, Buffer.concat([other, other])];
  },
  slow: 4,
  read: async (input) => {
    const path = join(
      await forCompressed.path(),
      `read${input.subarray(0, 2).toString("hex") === "1f8b" ? ".gz" : ".zst"}`,
    );
    await writeFile(path, input);
    for await (const _ of decompress(path, signal, () => {})) {
      // To its end.
    }
  },
  close: forCompressed.remove,
};

/** A service's release, as `service deploy` takes it. */
export const serviceArchive: Target = {
  name: "service-archive",
  seeds: () => [archive(), gzipSync(archive()), zstdCompressSync(archive())],
  mended: (input) => (input.subarray(0, 2).toString("hex") === "1f8b" ? input : withChecksums(input)),
  slow: 100,
  read: async (input) => {
    number += 1;
    const path = join(await forServices.path(), `service-${number}`);
    await writeFile(`${path}.archive`, input);
    await unpackArchive(`${path}.archive`, path, run, signal);
  },
  close: forServices.remove,
};

/** Members of every kind that is read. */
function archive(): Buffer {
  const content = Buffer.from("print('hello')\n".repeat(40));
  const header = (name: string, more: Partial<Header> = {}): Buffer =>
    writeHeader({
      ...{ name, linkName: "", type: TypeFlag.file, size: 0, mode: 0o644, uid: 0, gid: 0, mtime: 1_700_000_000 },
      ...more,
    });
  return Buffer.concat([
    header("./", { type: TypeFlag.directory, mode: 0o755 }),
    header("./main.py", { size: content.length }),
    pad(content),
    header(`./${"long/".repeat(30)}name`),
    header("./requirements.lock", { size: 3 }),
    pad(Buffer.from("a\n\n")),
    header("./link", { type: TypeFlag.symlink, linkName: "main.py" }),
    header("./hard", { type: TypeFlag.hardlink, linkName: "./main.py" }),
    Buffer.alloc(2 * blockSize),
  ]);
}

/** Every block whose checksum's field looks like one has the right one: what is behind is looked at then. */
function withChecksums(input: Buffer): Buffer {
  const whole = Buffer.from(input);
  for (let at = 0; at + blockSize <= whole.length; at += blockSize) {
    const block = whole.subarray(at, at + blockSize);
    if (!/^[0-7 ]{6}\0 /.test(block.toString("latin1", 148, 156))) continue;
    let sum = 8 * 0x20;
    for (let index = 0; index < blockSize; index += 1) if (index < 148 || index >= 156) sum += block[index] ?? 0;
    block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  }
  return whole;
}

async function* chunksOf(input: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < input.length; at += 700) yield input.subarray(at, at + 700);
}
