import { type Dirent, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { archiveOfEntries } from "../../../builder/archive/archive-of-entries.ts";
import { contextOf, type ProjectOptions } from "../../../builder/build/build.ts";
import { describePlan } from "../../../builder/build/describe-plan.ts";
import { overlayOf, planBuild } from "../../../builder/build/plan-build.ts";
import { layersFolder } from "../../../builder/cache/cached-layer.ts";
import { type Inputs, layerKey } from "../../../builder/cache/layer-key.ts";
import { storeLayer } from "../../../builder/cache/store-layer.ts";
import { readLayer, type StoredLayer } from "../../../builder/cache/stored-layer.ts";
import { planText } from "../../../builder/cli/plan-text.ts";
import type { BaseFacts } from "../../../builder/layers/base/facts.ts";
import { buildOverlay } from "../../../builder/layers/overlay/overlay.ts";
import { manifest } from "../../../builder/manifest/manifest.ts";
import { pack } from "../../../builder/pack/pack.ts";
import { deb } from "../../../builder/targets/deb/target.ts";
import { proxmox } from "../../../builder/targets/proxmox/target.ts";
import { templateName } from "../../../builder/targets/proxmox/template-name.ts";
import { templateShape } from "../../../builder/targets/proxmox/template-shape.ts";
import { silentLog } from "../../../lib/log.ts";
import { projectFolder as project } from "../../../lib/project-folder.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import { buildPlanDocument } from "../../../stack/documents/build-plan.ts";
import type { Model } from "../../../stack/model.ts";
import { resolve } from "../../../stack/resolve.ts";

/*
 * The layers are real ones of a real cache, but small: the base is a single file, with the
 * facts that the overlay asks of one. The packages' versions are Debian's own.
 */

const here = mkdtempSync(join(tmpdir(), "plan-"));
t.teardown(() => rmSync(here, { recursive: true, force: true }));

const file = join(project, "stack/stock-analysis.yaml");
const text = readFileSync(file, "utf8");
const model = resolve(parseDefinition(text, file));
const signal = new AbortController().signal;
const cache = join(here, "cache");
const options: ProjectOptions = {
  definition: { file, text, folder: join(project, "stack") },
  model,
  out: join(here, "out"),
  format: "zst",
  cache,
  cacheLimit: 0,
  offline: false,
  // A rebuild's versions are none of what is tested here.
  debianOnly: true,
  project,
};
const describe = (more: Partial<ProjectOptions> = {}) =>
  describePlan(proxmox, { ...options, ...more }, silentLog, signal);
const states = async () => Object.fromEntries((await describe({ offline: true })).layers.map((l) => [l.name, l.state]));

/** Paths, sizes and times of all that is in the folder. */
function listing(): string[] {
  const entries = readdirSync(here, { recursive: true, withFileTypes: true }) as Dirent[];
  return entries
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => `${path} ${statSync(path).size} ${statSync(path).mtimeMs}`)
    .sort();
}

async function keep(name: string, inputs: Inputs, archive: AsyncIterable<Buffer>, facts?: unknown) {
  const key = layerKey(name, inputs);
  const started = performance.now();
  const layer = { name, key, archive, started, ...(facts !== undefined && { facts: async () => facts }) };
  await storeLayer(layersFolder(cache), layer, "zst", signal);
  const stored = await readLayer(layersFolder(cache), name, key);
  if (stored === undefined) throw new Error(`${name} was not stored`);
  return { ...stored, cached: true };
}

function oneFile(path: string): AsyncIterable<Buffer> {
  return archiveOfEntries([{ path, mode: 0o644, content: { kind: "text", text: `${path}\n`.repeat(2000) } }], 0);
}

/** Of a base that has every user and unit the stack names. */
function factsFor({ files, units }: Model): BaseFacts {
  const ids = (part: number) => Object.fromEntries(files.map(({ owner }) => [owner.split(":")[part] ?? "", 0]));
  return {
    packages: [{ name: "bash", version: "5.2", architecture: "amd64", source: { name: "bash", version: "5.2" } }],
    users: ids(0),
    groups: ids(1),
    units: units.flatMap(({ unit }) => [unit, unit.replace(/@.+(\.\w+)$/, "@$1")]),
  };
}

t.test("before the first build every layer is to be made, and Debian's packages have versions", async (t) => {
  const before = listing();
  const plan = buildPlanDocument.parse(await describe());
  t.strictSame(
    plan.layers.map(({ name, state }) => `${name} ${state}`),
    ["base build", "python build", "node build", "agent build", "overlay build"],
  );
  t.ok(plan.packages.some(({ name, version }) => name === "postgresql-15" && version.startsWith("15.")));
  t.match(plan.deviations.join(), /RabbitMQ/);
  t.equal(plan.template, undefined);
  t.strictSame(listing(), before, "nothing was written");
});

t.test("offline, packages that were never looked up are an error", async (t) => {
  await t.rejects(describe({ offline: true }), { code: "not-cached" });
});

t.test("with layers in the cache", async (t) => {
  const context = await contextOf(options, silentLog, signal, here);
  const plan = await planBuild(context, { dry: false });
  const facts = factsFor(model);
  const lower = [
    await keep("base", plan.base, oneFile("/etc/debian_version"), facts),
    await keep("python", plan.python ?? {}, oneFile("/opt/python")),
    await keep("node", plan.node, oneFile("/opt/node")),
    await keep("agent", plan.agent.inputs, oneFile("/opt/agent")),
  ];
  let layers: StoredLayer[] = [];

  await t.test("those that are there are told with key, size and age; the overlay is to be made", async (t) => {
    const before = listing();
    const found = buildPlanDocument.parse(await describe({ offline: true }));
    t.match(await states(), { base: "cached", python: "cached", node: "cached", agent: "cached", overlay: "build" });
    const [base] = found.layers;
    t.equal(base?.key, lower[0]?.index.key);
    t.equal(base?.unpackedBytes, lower[0]?.index.bytes);
    t.ok((base?.bytes ?? 0) > 0 && (base?.bytes ?? 0) < (base?.unpackedBytes ?? 0));
    t.ok(Math.abs(Date.now() - Date.parse(base?.builtAt ?? "")) < 3_600_000);
    t.strictSame(listing(), before, "not even when a layer was last used is changed");
  });

  await t.test("where all are there, the template's name is the one that a build gives it", async (t) => {
    const of = { packages: facts.packages, chosen: plan.chosen, tools: plan.tools };
    const inside = await manifest({ model, layers: lower, ...of });
    const overlay = await overlayOf(context, plan, facts, inside);
    layers = [...lower, await keep("overlay", overlay, (await buildOverlay(overlay)).archive)];
    const found = await describe({ offline: true });
    const packed = await pack({
      ...{ layers, out: here, format: "zst", signal, ...templateShape },
      name: (hash) => templateName(model, hash, "zst"),
    });
    t.equal(found.template, packed.file);
    const ofDeb = await describePlan(deb, { ...options, offline: true }, silentLog, signal);
    t.equal(ofDeb.template, "stack-agent-stock-analysis_1.0.0_amd64.deb", "and of another target's file");
    t.match(planText(found, Date.now()), `Everything is cached: a build gives ${packed.file}`);
  });

  await t.test("a setting that Debian's part heeds changes that part and what is built in it", async (t) => {
    const changed = text.replace(/^timezone: .*$/m, "timezone: Europe/Berlin");
    t.not(changed, text);
    const found = await describe({
      offline: true,
      definition: { ...options.definition, text: changed },
      model: resolve(parseDefinition(changed, file)),
    });
    t.strictSame(
      found.layers.filter(({ state }) => state !== "cached").map(({ name }) => name),
      ["base", "python", "node", "overlay"],
      "the agent's bundle stays",
    );
  });

  await t.test("a damaged layer is told, and left as it is", async (t) => {
    writeFileSync(join(lower[1]?.folder ?? "", "members.jsonl"), "[]\n");
    const before = listing();
    t.match(await states(), { base: "cached", python: "damaged", overlay: "build" });
    const found = await describe({ offline: true });
    t.equal(found.template, undefined);
    t.match(planText(found, Date.now()), /^python .*damaged: to build/m);
    t.match(planText(found, Date.now()), /A build makes python, overlay/);
    t.strictSame(listing(), before);
  });
});
