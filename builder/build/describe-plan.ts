import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ensureTools } from "../../lib/apt/host-tools.ts";
import type { Log } from "../../lib/log.ts";
import { deviations } from "../../stack/deviations.ts";
import type { BuildPlanDocument } from "../../stack/documents/build-plan.ts";
import { layersFolder } from "../cache/cached-layer.ts";
import { type Inputs, layerKey } from "../cache/layer-key.ts";
import { layerSize } from "../cache/layer-size.ts";
import { type CacheEntry, listCache } from "../cache/list-cache.ts";
import { readLayer, type StoredLayer } from "../cache/stored-layer.ts";
import type { BuildContext } from "../context.ts";
import type { BaseFacts } from "../layers/base/facts.ts";
import { manifest } from "../manifest/manifest.ts";
import { sourcesByComponent } from "../sources/choose-sources.ts";
import { buildTools } from "../validate/validate.ts";
import { withWorkFolder } from "../work-folder.ts";
import { contextOf, type ProjectOptions } from "./build.ts";
import { type BuildPlan, overlayOf, planBuild, tellDeviations } from "./plan-build.ts";
import { refuseTaken } from "./refuse-taken.ts";
import type { Target } from "./target.ts";

type LayerPlan = BuildPlanDocument["layers"][number];

/** A layer as it is found, without anything done to it. */
interface Found {
  readonly plan: LayerPlan;
  readonly layer?: StoredLayer;
}

/** Programs that say what would come; a plan installs none. */
const asked = ["mmdebstrap", "patchelf", "tar"];

/**
 * Works out what building a target would do, and changes nothing: neither out folder nor cache, and no
 * tool is installed.
 *
 * @throws StackError as the build would before its first layer
 */
export function describePlan(
  target: Target,
  options: ProjectOptions,
  log: Log,
  signal: AbortSignal,
): Promise<BuildPlanDocument> {
  return withWorkFolder(log, async (work) => {
    const context = await contextOf({ ...options, ...target.settings }, log, signal, work);
    const { model, run, cache } = context;
    const tools = buildTools(context).filter(({ command }) => asked.includes(command));
    await ensureTools(tools, { run, log, root: false, signal });
    const plan = await planBuild(context, { dry: true });
    if (context.strict) tellDeviations(context, plan);
    const entries = await listCache(cache);
    const look = (name: string, inputs: Inputs): Promise<Found> => findLayer(name, inputs, context, entries);
    const lower = await Promise.all([
      look("base", plan.base),
      ...(plan.python === undefined ? [] : [look("python", plan.python)]),
      look("node", plan.node),
      look("agent", plan.agent.inputs),
    ]);
    if (lower[0]?.layer !== undefined) refuseTaken(context, lower[0].layer);
    const overlay = await overlayIn(context, plan, lower, look, entries);
    const layers = [...lower, overlay];
    // What the base is made from is made only together with it.
    const repositories = lower[0]?.layer === undefined ? plan.chosen.flatMap(({ made }) => made ?? []) : [];
    const before = await Promise.all(repositories.map(({ name, inputs }) => look(name, inputs)));
    return {
      schemaVersion: 1,
      name: model.name,
      version: model.version,
      debian: model.debian.version,
      architecture: model.architecture,
      ...(await fileOf(target, context, layers)),
      cache,
      layers: [...before, ...layers].map((found) => found.plan),
      packages: Object.entries(plan.base.versions).map(([name, version]) => ({ name, version })),
      services: model.services.map(({ name, port }) => ({ name, port })),
      tools: { ...plan.tools },
      deviations: deviations(model, new Map(Object.entries(plan.base.versions)), sourcesByComponent(plan.chosen)),
    };
  });
}

async function findLayer(
  name: string,
  inputs: Inputs,
  { cache, format }: BuildContext,
  entries: readonly CacheEntry[],
): Promise<Found> {
  const key = layerKey(name, inputs);
  const damaged = Symbol("damaged");
  const layer = await readLayer(layersFolder(cache), name, key).catch(() => damaged);
  if (layer === undefined || typeof layer === "symbol") {
    const state = layer === undefined ? "build" : "damaged";
    return { plan: { name, key, state, ...lastOf(name, entries) } };
  }
  const { bytes: unpackedBytes, entries: count } = layer.index;
  return {
    layer,
    plan: {
      ...{ name, key, state: "cached", unpackedBytes, entries: count },
      bytes: await layerSize(layer, format),
      // Written once; the index's own time is that of its last use.
      builtAt: (await stat(join(layer.folder, "members.jsonl"))).mtime.toISOString(),
    },
  };
}

/** What lies below the overlay is one of its inputs, so it can only be looked up where all of that is cached. */
async function overlayIn(
  context: BuildContext,
  plan: BuildPlan,
  lower: readonly Found[],
  look: (name: string, inputs: Inputs) => Promise<Found>,
  entries: readonly CacheEntry[],
): Promise<Found> {
  const layers = lower.flatMap(({ layer }) => (layer === undefined ? [] : [{ ...layer, cached: true }]));
  const base = layers[0];
  if (base === undefined || layers.length < lower.length) {
    return { plan: { name: "overlay", state: "build", ...lastOf("overlay", entries) } };
  }
  const facts = base.index.facts as BaseFacts;
  const of = { packages: facts.packages, chosen: plan.chosen, tools: plan.tools };
  const inside = await manifest({ model: context.model, layers, ...of });
  return look("overlay", await overlayOf(context, plan, facts, inside));
}

function lastOf(name: string, entries: readonly CacheEntry[]): { last?: { seconds: number; bytes: number } } {
  const last = entries.find((entry) => entry.name === name);
  return last === undefined ? {} : { last: { seconds: last.seconds, bytes: last.bytes } };
}

async function fileOf(
  target: Target,
  context: BuildContext,
  found: readonly Found[],
): Promise<{ readonly template?: string }> {
  const layers = found.flatMap(({ layer }) => (layer === undefined ? [] : [layer]));
  if (layers.length < found.length) return {};
  try {
    return { template: await target.fileName(context, layers) };
  } catch {
    // Content damaged below an index that is whole: the build will find it too.
    return {};
  }
}
