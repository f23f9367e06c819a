import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import t from "tap";
import { run } from "../../lib/run.ts";

/** Files that are named for their part in a folder of the same shape as its neighbours. */
const roles = new Set([
  "component",
  "agent",
  "target",
  "client",
  "monitoring",
  "provisioning",
  "handover",
  "backup",
  "cluster",
  "index",
]);

const exported = /^export (?:async )?(?:function\*?|const|class|interface|type) (\w+)/gm;

const singular = (word: string): string => word.toLowerCase().replace(/ies$/, "y").replace(/s$/, "");

/** Whether each word of the file's name is in the name of something that it exports. */
function isNamedForExport(file: string, names: readonly string[]): boolean {
  const words = basename(file, ".ts").split("-").map(singular);
  return names.some((name) => {
    const parts = name.replace(/[A-Z]/g, " $&").trim().split(" ").map(singular);
    return words.every((word) => parts.includes(word)) || parts.join("").includes(words.join(""));
  });
}

t.test("a file is named for what it exports, or for its part in its folder", async (t) => {
  const { stdout } = await run("git", ["-c", `safe.directory=${process.cwd()}`, "ls-files", "*.ts"]);
  const files = stdout
    .trim()
    .split("\n")
    .filter((file) => !file.endsWith(".test.ts"));
  t.ok(files.length > 500, "they are found");
  const misnamed: string[] = [];
  for (const file of files) {
    const names = [...(await readFile(file, "utf8")).matchAll(exported)].map(([, name = ""]) => name);
    if (names.length > 0 && !roles.has(basename(file, ".ts")) && !isNamedForExport(file, names)) {
      misnamed.push(`${file}: ${names.join(", ")}`);
    }
  }
  t.same(misnamed, []);
});
