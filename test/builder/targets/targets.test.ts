/** What makes a target one folder and one line. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { Option } from "commander";
import t from "tap";
import type { Target } from "../../../builder/build/target.ts";
import { commands } from "../../../builder/cli/commands.ts";
import { targetCommand } from "../../../builder/cli/target-command.ts";
import { defaultTarget, targets } from "../../../builder/targets/index.ts";
import { projectFolder } from "../../../lib/project-folder.ts";

const builder = join(projectFolder, "builder");
const folder = join(builder, "targets");

/** Modules that a source file imports, at its start or later, below builder/. */
function importsOf(path: string): string[] {
  const text = readFileSync(join(builder, path), "utf8");
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)];
  return found.map(([, to = ""]) => relative(builder, join(builder, dirname(path), to)));
}

t.test("each target has a folder of its name, and is a subcommand, but for the default", async (t) => {
  for (const { name } of targets) t.ok(existsSync(join(folder, name, "target.ts")), name);
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  t.same(folders.map(({ name }) => name).sort(), targets.map(({ name }) => name).sort());
  const subcommands = commands.map(({ name }) => name);
  for (const target of targets) t.equal(subcommands.includes(target.name), target !== defaultTarget, target.name);
});

t.test("no file's name is one that two targets verify", async (t) => {
  for (const file of [
    "x_1.0.0-0a1b2c3d_amd64.tar.gz",
    "x.tar.zst",
    "x_1_amd64.deb",
    "x_1-0a1b2c3d_amd64.stack-release",
    "x_1-0a1b2c3d_amd64.oci.tar",
  ]) {
    t.equal(targets.filter(({ verifies }) => verifies.test(file)).length, 1, file);
  }
});

t.test("a target is known by its name to the list alone, and knows no other", async (t) => {
  const sources = readdirSync(builder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  t.ok(sources.length > 100);
  const targetOf = (path: string): string | undefined => /^targets\/([^/]+)\//.exec(path)?.[1];
  const foreign = sources.flatMap((from) =>
    importsOf(from)
      .filter((to) => targetOf(to) !== undefined && targetOf(to) !== targetOf(from))
      .map((to) => `${from} -> ${to}`),
  );
  t.same(foreign.sort(), [
    // What is built without a name has options that no other has: --smoke, --sign, --format.
    "cli/build-command.ts -> targets/proxmox/target.ts",
    ...targets.map(({ name }) => `targets/index.ts -> targets/${name}/target.ts`).sort(),
  ]);
});

t.test("the start of the program loads no code that renders or verifies", async (t) => {
  for (const { name } of targets) {
    const path = `targets/${name}/target.ts`;
    const text = readFileSync(join(builder, path), "utf8");
    const eager = [...text.matchAll(/^import (?!type )[^;]*?"(\.\/[^"]+)"/gm)].map(([, to]) => to);
    t.notOk(eager.includes("./render.ts") || eager.includes("./verify.ts"), path);
  }
});

t.test("a target's own options are told and read; what it is asked wrongly ends with 64", async (t) => {
  const target: Target = {
    name: "paper",
    summary: "print the stack",
    help: { before: "Prints a stack on paper.", after: "\nExit codes: 0 printed.\n", out: "where the sheets go" },
    options: () => [new Option("--size <size>", "of the sheets").choices(["a4", "a5"]).default("a4")],
    verifies: /\.paper$/,
    fileName: async () => "x.paper",
    render: async () => t.fail("nothing is rendered"),
    summaryOf: () => [],
    verify: async () => t.fail("nothing is verified") as never,
  };
  const told: string[] = [];
  for (const stream of ["stdout", "stderr"] as const) {
    t.capture(process[stream], "write", (text: string) => told.push(text) > 0);
  }
  const help = await targetCommand(target, ["--help"]);
  const wrong = await targetCommand(target, ["--size", "a6"]);
  t.same([help, wrong], [0, 64]);
  t.match(told.join(""), /Usage: build-template paper[\s\S]*--out <dir> +where the sheets go/);
  t.match(told.join(""), /--size <size> +of the sheets \(choices: "a4", "a5", default: "a4"\)/);
  t.match(told.join(""), "Allowed choices are a4, a5.");
});
