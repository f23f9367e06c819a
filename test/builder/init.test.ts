import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { findSources } from "../../builder/layers/python/find-sources.ts";
import { ownFiles } from "../../builder/trees/own-files.ts";
import { readTemplateTrees } from "../../builder/trees/template-trees.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import { resolve } from "../../stack/resolve.ts";

const project = join(import.meta.dirname, "../..");

function init(cwd: string, ...args: string[]) {
  const cli = join(project, "builder/cli.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, "init", ...args], { cwd, encoding: "utf8" });
  return { code: status, stdout, stderr };
}

const here = mkdtempSync(join(tmpdir(), "init-"));
t.teardown(() => rmSync(here, { recursive: true, force: true }));

t.test("init writes a start that the builder takes, named after its folder", async (t) => {
  const { code, stdout } = init(here, "coffee-shop");
  t.equal(code, 0);
  t.match(stdout, /^ {2}coffee-shop\/stack\.yaml$/m);
  t.match(stdout, /^ {2}build-template stack\.yaml$/m);
  const folder = join(here, "coffee-shop");
  const text = readFileSync(join(folder, "stack.yaml"), "utf8");
  t.match(text, /^# yaml-language-server: \$schema=\.\/stack\.schema\.json$/m);
  t.match(JSON.parse(readFileSync(join(folder, "stack.schema.json"), "utf8")), { title: "stack.yaml" });
  t.equal(readFileSync(join(folder, ".gitignore"), "utf8").split("\n")[0], "dist/");
  const model = resolve(parseDefinition(text, "stack.yaml"));
  t.equal(model.name, "coffee-shop");
  const sources = await findSources(model.services, project, folder);
  t.match(sources.get("services/hello")?.lockText, /^fastapi==.*\\\n +--hash=sha256:/m);
  const tree = await readTemplateTrees({ project, folder });
  t.equal(
    tree.templates("rootfs-overlay/etc/motd.ejs"),
    readFileSync(join(folder, "rootfs-overlay/etc/motd.ejs"), "utf8"),
  );
  const paths = (await ownFiles(tree, model, folder)).map(({ path }) => path);
  t.strictSame(paths.sort(), [
    "/etc/systemd/system/hello-hourly.service",
    "/etc/systemd/system/hello-hourly.timer",
    "/etc/systemd/system/timers.target.wants/hello-hourly.timer",
    "/usr/lib/systemd/system-preset/05-stack-own.preset",
  ]);
});

t.test("init takes the folder it is called in, if it is empty", async (t) => {
  const folder = join(here, "Not a stack's name");
  mkdirSync(folder);
  const { code, stdout } = init(folder, "--json");
  t.equal(code, 0);
  const { files } = JSON.parse(stdout) as { files: string[] };
  t.strictSame(
    files,
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort(),
  );
  t.match(readFileSync(join(folder, "stack.yaml"), "utf8"), /^name: my-stack$/m);
});

t.test("a folder that holds something, or is none, is left as it is", async (t) => {
  const folder = join(here, "used");
  mkdirSync(folder);
  writeFileSync(join(folder, "notes.txt"), "mine");
  const { code, stderr } = init(here, "used");
  t.equal(code, 64);
  t.match(stderr, /used holds notes\.txt \[folder-not-empty\]\nhint: {2}/);
  t.strictSame(readdirSync(folder), ["notes.txt"]);
  t.equal(init(here, join(folder, "notes.txt")).code, 64);
  t.equal(init(here, "--nonsense").code, 64);
  t.match(JSON.parse(init(here, "used", "--json").stdout), { code: "folder-not-empty" });
});

t.test(
  "init --service writes a service beside the stack.yaml, which it is added to, and the builder takes",
  async (t) => {
    t.equal(init(here, "with-service").code, 0);
    const folder = join(here, "with-service");
    const { code, stdout, stderr } = init(folder, "--service", "price-feed", "--port", "8017");
    t.equal(code, 0, stderr);
    t.match(stdout, /^ {2}services\/price-feed\/price_feed\/app\.py$/m);
    t.match(stdout, /uv run pytest$/m);
    const text = readFileSync(join(folder, "stack.yaml"), "utf8");
    const model = resolve(parseDefinition(text, "stack.yaml"));
    const service = model.services.find(({ name }) => name === "price-feed");
    t.match(service, { port: 8017, module: "price_feed", needs: ["postgres"] });
    const files = (await findSources(model.services, project, folder)).get("services/price-feed")?.files ?? [];
    t.ok(files.includes("price_feed/__main__.py") && files.includes("event_store/py.typed"));
    t.notOk(files.some((file) => file.startsWith("tests/") || file === "Dockerfile"));
  },
);

t.test(
  "init --service without a stack.yaml says the lines for one; what can't be is refused, and nothing written",
  async (t) => {
    const folder = join(here, "alone");
    mkdirSync(folder);
    const { code, stdout } = init(folder, "--service", "price-feed");
    t.equal(code, 0);
    t.match(stdout, /^ {2}price-feed:\n {4}port: 8006\n/m);
    t.match(init(folder, "--service", "price-feed"), { code: 64, stderr: /\[folder-not-empty\]/ });
    t.match(init(folder, "--service", "Price"), { code: 64, stderr: /\[bad-service-name\]/ });
    t.equal(init(folder, "--service", "other", "--port", "80").code, 64);
    writeFileSync(join(folder, "stack.yaml"), "name: a\nversion: 1.0.0\nservices:\n  api:\n    port: 8001\n");
    t.match(init(folder, "--service", "other"), { code: 64, stderr: /\[no-event-store\]/ });
    t.strictSame(readdirSync(folder).sort(), ["price-feed", "stack.yaml"]);
  },
);
