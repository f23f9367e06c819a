/**
 * Measures what each setting of `slim` saves: `node test/bench/slim.ts ROOTFS`, ROOTFS being
 * an extracted template of a definition in which all of them are false. Prints the figures
 * of docs/smaller.md, MB (10⁶ bytes) raw and by pigz -6, and by zstd -3; each setting alone.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { slimFamilies } from "../../builder/layers/base/excluded-paths.ts";
import { run } from "../../lib/run.ts";
import { dpkgRules } from "../builder/layers/dpkg-rules.ts";

const [rootfs] = process.argv.slice(2);
if (rootfs === undefined) {
  console.error("usage: node test/bench/slim.ts ROOTFS");
  process.exit(64);
}
const root = resolve(rootfs);
const rabbitmq = await readFile(
  join(import.meta.dirname, "../../rootfs-overlay/etc/dpkg/dpkg.cfg.d/stack-rabbitmq"),
  "utf8",
);
const found = await readdir(join(root, "usr"), { recursive: true, withFileTypes: true });
const paths = found
  .filter((entry) => !entry.isDirectory())
  .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
const folder = await mkdtemp(join(tmpdir(), "slim-"));
const list = join(folder, "list");

async function megabytes(filter: string): Promise<string> {
  const line = `set -o pipefail; tar -C "$1" --numeric-owner --no-recursion -T "$2" -cf - | ${filter} | wc -c`;
  const { stdout } = await run("bash", ["-c", line, "bash", root, list], { timeout: 300_000 });
  return (Number(stdout) / 1e6).toFixed(1);
}

try {
  for (const [setting, family] of Object.entries(slimFamilies)) {
    const lines = setting === "rabbitmqExtras" ? rabbitmq.split("\n") : family.rules("en");
    const rules = dpkgRules(lines);
    const gone = paths.filter((path) => rules.leavesOut(path)).sort();
    await writeFile(list, gone.map((path) => `.${path}\n`).join(""));
    const [raw, gz, zst] = [await megabytes("cat"), await megabytes("pigz -6n"), await megabytes("zstd -3")];
    console.log(`${setting.padEnd(16)} ${gone.length} files, raw ${raw}, gz ${gz}, zst ${zst}`);
  }
} finally {
  await rm(folder, { recursive: true });
}
