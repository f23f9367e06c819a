import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { decompress } from "../../../builder/archive/decompress.ts";

const { signal } = new AbortController();
const zstd = (input: Buffer, ...args: string[]): Buffer =>
  execFileSync("zstd", ["--quiet", "--stdout", ...args], { input, maxBuffer: 2 ** 27 });
const noise = (bytes: number): Buffer =>
  Buffer.concat([...Array(bytes / 64).keys()].map((n) => createHash("sha512").update(`${n}`).digest()));

async function unpacked(path: string): Promise<{ content: Buffer; read: Buffer }> {
  const read: Buffer[] = [];
  const content: Buffer[] = [];
  for await (const chunk of decompress(path, signal, (bytes) => read.push(Buffer.from(bytes)))) content.push(chunk);
  return { content: Buffer.concat(content), read: Buffer.concat(read) };
}

t.test("zstd frames of every kind are read one after the other", async (t) => {
  const folder = t.testdir();
  const stored = join(folder, "stored");
  writeFileSync(stored, noise(640));
  const large = noise(2 ** 20);
  const parts: readonly (readonly [Buffer, Buffer])[] = [
    [Buffer.alloc(3_000_000), zstd(Buffer.alloc(3_000_000))],
    [large, zstd(large, "--no-check")],
    [large, zstd(large, "-19", "--long=24")],
    [Buffer.alloc(0), zstd(Buffer.alloc(0))],
    [Buffer.from("a"), zstd(Buffer.from("a"), "--check")],
    [noise(640), execFileSync("zstd", ["--quiet", "--stdout", stored])],
    // A skippable frame, as pzstd and others write for their own use.
    [Buffer.alloc(0), Buffer.from("5a2a4d1803000000616263", "hex")],
    [noise(512_000), zstd(noise(512_000), "-T2", "-B100000")],
  ];
  const path = join(folder, "x.tar.zst");
  const whole = Buffer.concat(parts.map(([, compressed]) => compressed));
  writeFileSync(path, whole);
  const { content, read } = await unpacked(path);
  t.ok(content.equals(Buffer.concat(parts.map(([plain]) => plain))));
  t.ok(read.equals(whole), "every byte of the file is shown, in order");
});

t.test("damage is told, wherever it is", async (t) => {
  const path = join(t.testdir(), "x.tar.zst");
  const good = zstd(noise(64_000), "--check");
  const changed = Buffer.from(good);
  changed[good.length - 1] = (changed[good.length - 1] ?? 0) ^ 1;
  for (const bytes of [
    changed,
    Buffer.concat([good, Buffer.from("more")]),
    Buffer.concat([good, good]).subarray(0, -1),
  ]) {
    writeFileSync(path, bytes);
    await t.rejects(unpacked(path), { code: "damaged", message: /damaged/ });
  }
});

t.test("reading stops when it is asked to, and a missing tool is named", async (t) => {
  const folder = t.testdir();
  for (const suffix of ["gz", "zst", "xz", "tar"]) writeFileSync(join(folder, `x.${suffix}`), noise(64_000));
  const aborted = AbortSignal.abort(new Error("enough"));
  for (const suffix of ["gz", "zst", "xz", "tar"]) {
    const reading = async (): Promise<void> => {
      for await (const _ of decompress(join(folder, `x.${suffix}`), aborted, () => {})) t.fail("nothing is read");
    };
    await t.rejects(reading(), { code: "aborted", exit: 130 }, suffix);
  }
  const before = process.env.PATH;
  process.env.PATH = folder;
  t.teardown(() => {
    process.env.PATH = before;
  });
  await t.rejects(unpacked(join(folder, "x.xz")), { code: "missing-tool", hint: /xz-utils/ });
});
