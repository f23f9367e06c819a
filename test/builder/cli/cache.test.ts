import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { archiveOfEntries } from "../../../builder/archive/archive-of-entries.ts";
import { layersFolder } from "../../../builder/cache/cached-layer.ts";
import { layerKey } from "../../../builder/cache/layer-key.ts";
import { storeLayer } from "../../../builder/cache/store-layer.ts";

const signal = new AbortController().signal;

interface Listed {
  readonly bytes: number;
  readonly layers: readonly { readonly name: string; readonly bytes: number }[];
}

/** A cache with layers of 1.3 MB and a bit each, last used so many days ago. */
async function cacheOf(t: Pick<typeof import("tap").default, "teardown">, layers: Readonly<Record<string, number>>) {
  const home = mkdtempSync(join(tmpdir(), "cache-"));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  const folder = layersFolder(join(home, "proxmox-stack"));
  for (const [name, days] of Object.entries(layers)) {
    const text = randomBytes(1_300_000).toString("hex");
    const archive = archiveOfEntries([{ path: "/file", mode: 0o644, content: { kind: "text", text } }], 0);
    const key = layerKey(name, {});
    await storeLayer(folder, { name, key, archive, started: performance.now() }, "zst", signal);
    const used = new Date(Date.now() - days * 86_400_000);
    utimesSync(join(folder, `${name}-${key}`, "layer.json"), used, used);
  }
  const run = (...args: string[]) => {
    const result = spawnSync(process.execPath, ["builder/cli.ts", "cache", ...args], {
      encoding: "utf8",
      env: { ...process.env, XDG_CACHE_HOME: home },
    });
    return { code: result.status, stdout: result.stdout, stderr: result.stderr };
  };
  return {
    run,
    folder,
    json: (...args: string[]) => JSON.parse(run(...args, "--json").stdout) as Listed,
    names: () => readdirSync(folder).map((name) => name.replace(/-.*/, "")),
  };
}

t.test("cache ls lists the layers, the last used first, and what they take in all", async (t) => {
  const { run, json } = await cacheOf(t, { base: 9, python: 1, agent: 3 });
  const { layers, bytes } = json("ls");
  t.strictSame(
    layers.map(({ name }) => name),
    ["python", "agent", "base"],
  );
  t.equal(
    bytes,
    layers.reduce((sum, layer) => sum + layer.bytes, 0),
  );
  const { stdout, code } = run("ls");
  t.equal(code, 0);
  t.match(stdout, /^LAYER .*LAST USED\npython .* 24 h ago\nagent .* 3 days ago\nbase .* 9 days ago\n3 layers, /);
});

t.test("a cache that is not there yet is an empty one", async (t) => {
  const { run, json } = await cacheOf(t, {});
  t.match(run("ls"), { code: 0, stdout: /^0 layers, / });
  t.strictSame(json("prune", "--all").layers, []);
});

t.test("cache prune --dry-run tells what would go; without it that goes", async (t) => {
  const { json, names, run } = await cacheOf(t, { base: 40, python: 1, agent: 31 });
  const told = json("prune", "--older-than", "30", "--dry-run");
  t.strictSame(told.layers.map(({ name }) => name).sort(), ["agent", "base"]);
  t.equal(names().length, 3, "all are there still");
  t.match(run("prune", "--older-than", "30"), { code: 0, stdout: /2 layers, .* removed\n$/ });
  t.strictSame(names(), ["python"]);
});

t.test("cache prune --keep SIZE removes what was used longest ago until the rest fits", async (t) => {
  const { json, names } = await cacheOf(t, { base: 40, python: 1, agent: 31 });
  json("prune", "--keep", "2 MiB");
  t.strictSame(names(), ["python"]);
});

t.test("cache prune keeps all that is within the limit; --all keeps nothing", async (t) => {
  const { json, names, folder } = await cacheOf(t, { base: 400, python: 1 });
  t.strictSame(json("prune").layers, []);
  writeFileSync(join(folder, "../resolutions"), "");
  t.equal(json("prune", "--all").layers.length, 2);
  t.strictSame(names(), []);
  t.strictSame(readdirSync(join(folder, "..")), ["layers"]);
});

t.test("what is asked wrongly ends with 64 and says what is right", async (t) => {
  const { run } = await cacheOf(t, { base: 1 });
  for (const args of [
    [],
    ["list"],
    ["prune", "--keep", "5"],
    ["prune", "--keep", "5 GB"],
    ["prune", "--older-than", "a week"],
    ["prune", "--all", "--keep", "1 GiB"],
    ["ls", "more"],
  ]) {
    t.match(run(...args), { code: 64, stdout: "", stderr: /./ }, args.join(" "));
  }
  t.match(run("prune", "--keep", "5").stderr, /"4 GiB"/);
  t.match(run("--help"), { code: 0, stdout: /cache prune --all --dry-run/ });
});
