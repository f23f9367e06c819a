/**
 * Measures what each setting of `slim` saves: `node test/bench/slim.ts ROOTFS`, ROOTFS being
 * an extracted template of a definition in which all of them are false. Prints the figures
 * of docs/smaller.md, MB (10⁶ bytes) raw and by pigz -6, each setting alone.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type SlimSetting, slimFamilies } from "../../builder/layers/base/excluded-paths.ts";
import { run } from "../../lib/run.ts";
import { dpkgRules } from "../builder/layers/dpkg-rules.ts";

const [root = "", list = "/tmp/slim-bench.list"] = process.argv.slice(2);
const rabbitmq = await readFile("rootfs-overlay/etc/dpkg/dpkg.cfg.d/stack-rabbitmq", "utf8");
const usr = await readdir(join(root, "usr"), { recursive: true, withFileTypes: true });
const paths = usr
  .filter((entry) => !entry.isDirectory())
  .map((entry) => join(entry.parentPath, entry.name).slice(root.length));

for (const setting of Object.keys(slimFamilies) as SlimSetting[]) {
  const rules = dpkgRules(setting === "rabbitmqExtras" ? rabbitmq.split("\n") : slimFamilies[setting].rules("en"));
  const gone = paths.filter((path) => rules.leavesOut(path)).sort();
  await writeFile(list, gone.map((path) => `.${path}\n`).join(""));
  const pack = `set -o pipefail; tar -C "$1" --numeric-owner --no-recursion -T "$2" -cf -`;
  const size = async (filter: string) =>
    Number(
      (await run("bash", ["-c", `${pack} | ${filter} | wc -c`, "bash", root, list], { timeout: 300_000 })).stdout,
    ) / 1e6;
  console.log(
    `${setting}\t${gone.length} files\traw ${(await size("cat")).toFixed(1)}\tgz ${(await size("pigz -6n")).toFixed(1)}\tzst ${(await size("zstd -3")).toFixed(1)}`,
  );
}
