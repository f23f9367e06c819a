import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import t from "tap";
import { bundleAgent } from "../../builder/layers/stack-agent/bundle.ts";
import { type RunResult, run } from "../../lib/run.ts";
import { definitionJsonSchema } from "../../stack/definition/json-schema.ts";
import { installPackage } from "./install-package.ts";

const project = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "stack-npm-"));
t.setTimeout(600_000);
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const installed = await installPackage(folder);
const elsewhere = join(folder, "elsewhere");
mkdirSync(elsewhere);

/** A program as an ordinary shell elsewhere starts it: no Node in its PATH, nothing of this checkout. */
function program(path: string, ...args: string[]): Promise<RunResult> {
  const env = { PATH: "/usr/bin:/bin", HOME: elsewhere, TMPDIR: elsewhere };
  return run(path, args, { cwd: elsewhere, env, accept: [0, 1, 64] });
}

const buildTemplate = join(installed.bin, "build-template");

t.test("a global install of the packed file brings exactly the programs that package.json names", async (t) => {
  const { bin } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as { bin: object };
  t.same(readdirSync(installed.bin).sort(), Object.keys(bin).sort());
});

t.test("the installed program tells version, help and schema as the checkout does", async (t) => {
  const { version } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as { version: string };
  t.equal((await program(buildTemplate, "--version")).stdout, `${version}\n`);
  const { stdout } = await program(buildTemplate, "--schema");
  t.same(JSON.parse(stdout), JSON.parse(JSON.stringify(definitionJsonSchema())));
  const own = await program(join(project, "bin/build-template"), "--help");
  t.equal((await program(buildTemplate, "--help")).stdout, own.stdout);
});

t.test("the installed deploy-template tells its help as the checkout does", async (t) => {
  const { stdout, code } = await program(join(installed.bin, "deploy-template"), "--help");
  t.equal(code, 0);
  t.equal(stdout, (await program(join(project, "bin/deploy-template"), "--help")).stdout);
});

t.test("the installed program finds faults with the codes and hints of the checkout", async (t) => {
  writeFileSync(join(elsewhere, "stack.yaml"), "name: x\nnonsense: 1\n");
  const { code, stdout } = await program(buildTemplate, "stack.yaml", "--json");
  t.equal(code, 64);
  t.match(JSON.parse(stdout), { code: "definition-invalid", hint: String });
});

t.test("the installed program starts a stack of one's own as the checkout does", async (t) => {
  const [theirs, ours] = [join(elsewhere, "theirs"), join(folder, "ours")];
  for (const [path, top] of [
    [buildTemplate, theirs],
    [join(project, "bin/build-template"), ours],
  ] as const) {
    t.equal((await program(path, "init", join(top, "mine"))).code, 0);
  }
  const names = readdirSync(ours, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ours.length));
  t.ok(names.length > 0);
  for (const name of names) t.equal(readFileSync(theirs + name, "utf8"), readFileSync(ours + name, "utf8"), name);
});

t.test("the installed program writes a stack's dashboards as the checkout does", async (t) => {
  const [theirs, ours] = [join(elsewhere, "their-monitoring"), join(folder, "our-monitoring")];
  for (const [path, out] of [
    [buildTemplate, theirs],
    [join(project, "bin/build-template"), ours],
  ] as const) {
    t.equal((await program(path, "monitoring", "--out", out)).code, 0);
  }
  const board = "grafana/dashboards/stock-analysis/overview.json";
  t.equal(readFileSync(join(theirs, board), "utf8"), readFileSync(join(ours, board), "utf8"));
});

t.test("nothing that a build reads is missing: every file of these rooms is packed", async (t) => {
  const { stdout } = await run("git", ["-c", `safe.directory=${project}`, "ls-files", ...rooms], { cwd: project });
  const tracked = stdout.split("\n").filter((path) => path !== "" && !development.test(path));
  t.ok(tracked.length > 100);
  const same = (path: string): boolean =>
    existsSync(join(installed.top, path)) &&
    readFileSync(join(installed.top, path)).equals(readFileSync(join(project, path)));
  t.same(
    tracked.filter((path) => !same(path)),
    [],
  );
});

const rooms = ["lib", "stack", "builder", "components", "engine", "agent", "units", "rootfs-overlay", "services"];
const development = /^services\/[^/]+\/(tests\/|requirements-test\.)/;

t.test("only lib/project-folder.ts asks where it lies: bundled, every other place is wrong", async (t) => {
  const args = [
    "-c",
    `safe.directory=${project}`,
    "grep",
    "--files-with-matches",
    "import[.]meta",
    "--",
    "*.ts",
    ":!test",
  ];
  const { stdout } = await run("git", args, { cwd: project });
  t.same(stdout.trim().split("\n"), ["lib/project-folder.ts"]);
});

t.test("nothing of a checkout that a user has no use for is packed", async (t) => {
  const tops = readdirSync(installed.top).filter((name) => !rooms.includes(name));
  t.same(tops.sort(), ["LICENSE", "README.md", "bin", "bundled", "docs", "node_modules", "package.json"]);
});

t.test("every package is packed along, or asked for in one exact version", async (t) => {
  const { dependencies, optionalDependencies, bundleDependencies } = JSON.parse(
    readFileSync(join(project, "package.json"), "utf8"),
  ) as Record<"dependencies" | "optionalDependencies", Record<string, string>> & { bundleDependencies: string[] };
  const asked = Object.entries({ ...dependencies, ...optionalDependencies }).filter(
    ([name]) => !bundleDependencies.includes(name),
  );
  t.same(
    asked.map(([name]) => name).filter((name) => !/^(esbuild|node-.*|systemd-journald)$/.test(name)),
    [],
    "only what differs from platform to platform, or may be missing, is left to the install",
  );
  t.same(
    asked.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
    [],
  );
});

t.test("packages come in the versions of the lock, those of development not at all", async (t) => {
  const { packages } = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version: string; dev?: true }>;
  };
  const names = readdirSync(join(installed.top, "node_modules"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .flatMap(({ name }) =>
      name.startsWith("@")
        ? readdirSync(join(installed.top, "node_modules", name)).map((below) => `${name}/${below}`)
        : [name],
    );
  t.ok(names.length > 20);
  const found = names.map((name) => {
    const text = readFileSync(join(installed.top, "node_modules", name, "package.json"), "utf8");
    return [name, (JSON.parse(text) as { version: string }).version];
  });
  const locked = names.map((name) => [name, packages[`node_modules/${name}`]?.version]);
  t.same(found, locked);
  t.same(
    names.filter((name) => packages[`node_modules/${name}`]?.dev),
    [],
  );
});

t.test("the agent bundled from the installed package is the checkout's, byte for byte", async (t) => {
  const bundleOf = (top: string) => bundleAgent(top, join(top, "agent/program.ts"));
  const [theirs, ours] = [await bundleOf(installed.top), await bundleOf(project)];
  t.ok(theirs.text === ours.text, "the same text");
  t.same(theirs.packages, ours.packages);
});

t.test("the installed program makes the one file for a node, which tells its version without it", async (t) => {
  const made = await program(buildTemplate, "deployer", "--out", join(elsewhere, "out"));
  t.equal(made.code, 0, made.stderr);
  const { version } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as { version: string };
  const file = join(elsewhere, "out", `deploy-template_${version}_amd64`);
  t.match(await program(file, "--version"), { stdout: `${version}\n`, code: 0 });
  t.match((await program(file, "--help")).stdout, "local   on the node itself");
});

t.test("as a dependency of another project, beside its own packages, it works too", async (t) => {
  const local = join(folder, "local");
  mkdirSync(local);
  writeFileSync(join(local, "package.json"), '{ "name": "of-a-user", "private": true }\n');
  const options = { cwd: local, timeout: 300_000 };
  await run("npm", ["install", "--no-progress", "--loglevel=error", installed.file], options);
  const { code, stdout } = await program(join(local, "node_modules/.bin/build-template"), "--version");
  t.equal(code, 0);
  t.match(stdout, /^\d+\.\d+\.\d+/);
});

t.test("where npm left the optional packages out, the program names what is missing and where it goes", async (t) => {
  const brought = join(installed.top, "node_modules", `node-linux-${process.arch}`);
  renameSync(brought, `${brought}-away`);
  t.teardown(() => renameSync(`${brought}-away`, brought));
  const { code, stderr } = await program(buildTemplate, "--version");
  t.equal(code, 1);
  t.match(stderr, "[missing-node]");
  t.match(stderr, join(brought, "bin", "node"));
});
