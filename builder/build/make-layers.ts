import { join } from "node:path";
import type { Progress } from "../../lib/progress/progress.ts";
import { debianReleases } from "../../stack/debian.ts";
import { type CachedLayer, cachedLayer, findLayer } from "../cache/cached-layer.ts";
import { layerSize } from "../cache/layer-size.ts";
import type { BuildContext } from "../context.ts";
import { buildBase } from "../layers/base/base.ts";
import type { BaseFacts } from "../layers/base/facts.ts";
import { buildNode } from "../layers/node/node.ts";
import { buildOverlay, type OverlayInputs } from "../layers/overlay/overlay.ts";
import { buildPython } from "../layers/python/python.ts";
import { buildRelocated, unpackRelocated } from "../layers/relocated/relocated.ts";
import { agentInputs, buildAgent } from "../layers/stack-agent/agent.ts";
import { manifest } from "../manifest/manifest.ts";
import { assertKey } from "../provenance/sign.ts";
import { validate } from "../validate/validate.ts";
import { rootfsFolder } from "../work-folder.ts";
import { type BuildPlan, overlayOf, planBuild, tellDeviations } from "./plan.ts";
import { refuseTaken } from "./refuse-taken.ts";
import { unpackRootfs } from "./unpack-rootfs.ts";

/** A stack's layers, the lowest first. */
export const layerNames = ["base", "python", "node", "agent", "overlay"] as const;
export type LayerName = (typeof layerNames)[number];

/** Every layer of a stack, made or found, and what they were made from. */
export interface MadeLayers {
  readonly context: BuildContext;
  readonly plan: BuildPlan;
  /** Of the base. */
  readonly facts: BaseFacts;
  /** No part of the template: what the base's RabbitMQ was taken from. */
  readonly relocated?: CachedLayer;
  readonly layers: Readonly<Record<LayerName, CachedLayer>>;
  readonly overlayInputs: OverlayInputs;
}

/** Layers as they lie over each other, the lowest first. */
export function stacked(layers: MadeLayers["layers"]): CachedLayer[] {
  return layerNames.map((name) => layers[name]);
}

/**
 * validate → plan → base → python, node → agent → overlay.
 *
 * @param hold is given the way to the unpacked base as soon as there is one
 */
export async function makeLayers(
  bare: BuildContext,
  { step, both }: Progress,
  hold: (rootfs: () => Promise<string>) => void,
): Promise<MadeLayers> {
  const { model, signal, work } = bare;
  const ended = (layer: CachedLayer): Promise<string | undefined> => cachedText(layer, bare);
  // Bundling takes a third of a second, in which the machine is looked at.
  const agentParts = agentInputs(bare.project, model.paths.agent);
  agentParts.catch(() => {});
  await step("validate", "looking at this machine", async () => {
    await validate(bare);
    if (bare.sign !== undefined) await assertKey(bare.sign);
  });
  const plan = await step("plan", "working out the layers", async () => {
    const plan = await planBuild(bare, { dry: false, agent: agentParts });
    tellDeviations(bare, plan);
    return plan;
  });
  const relocated = await madeRelocated(bare, plan, step, ended);
  const base = await step(
    "base",
    `Debian ${model.debian.version} with ${Object.keys(plan.base.versions).length} packages`,
    () =>
      cachedLayer(
        {
          name: "base",
          inputs: plan.base,
          online: true,
          make: async () => buildBase(plan.base, bare, relocated && (await unpackRelocated(relocated, work, signal))),
        },
        bare,
      ),
    ended,
  );
  refuseTaken(bare, base);
  let rootfs = base.cached ? undefined : Promise.resolve(join(work, rootfsFolder));
  const context: BuildContext = {
    ...bare,
    rootfs: () => {
      rootfs ??= unpackRootfs(base, work, signal);
      return rootfs;
    },
  };
  hold(context.rootfs);
  const { python, node, agent } = plan;
  const [pythonLayer, nodeLayer] = await both(
    {
      name: "python",
      title: `${model.services.length} virtual environments`,
      use: () =>
        cachedLayer(
          { name: "python", inputs: python, online: true, make: () => buildPython(python, plan.sources, context) },
          context,
        ),
      ended,
    },
    {
      name: "node",
      title: "Node and the agent's native addons",
      use: () =>
        cachedLayer({ name: "node", inputs: node, online: false, make: () => buildNode(node, context) }, context),
      ended,
    },
  );
  const agentLayer = await step(
    "agent",
    "the agent's bundle",
    () =>
      cachedLayer(
        { name: "agent", inputs: agent.inputs, online: false, make: () => buildAgent(agent.inputs, agent.bundles) },
        context,
      ),
    ended,
  );
  const lower = [base, pythonLayer, nodeLayer, agentLayer];
  const facts = base.index.facts as BaseFacts;
  const of = { model, packages: facts.packages, broker: plan.broker.source, tools: plan.tools };
  const [overlay, inputs] = await step(
    "overlay",
    "units, configuration, templates",
    async (): Promise<[CachedLayer, OverlayInputs]> => {
      const inputs = await overlayOf(context, plan, facts, await manifest({ ...of, layers: lower }));
      const layer = { name: "overlay", inputs, online: false, make: () => buildOverlay(inputs) };
      return [await cachedLayer(layer, context), inputs];
    },
    ([layer]) => ended(layer),
  );
  return {
    ...{ context, plan, facts, overlayInputs: inputs, ...(relocated && { relocated }) },
    layers: { base, python: pythonLayer, node: nodeLayer, agent: agentLayer, overlay },
  };
}

/** Where RabbitMQ is relocated and the base is still to be made, the layer that it takes it from. */
async function madeRelocated(
  context: BuildContext,
  { broker, base }: BuildPlan,
  step: Progress["step"],
  ended: (layer: CachedLayer) => Promise<string | undefined>,
): Promise<CachedLayer | undefined> {
  const { relocated: inputs } = broker;
  if (inputs === undefined || (await findLayer({ name: "base", inputs: base }, context)) !== undefined)
    return undefined;
  const packages = Object.entries(inputs.ready).map(([name, version]) => `${name} ${version}`);
  return step(
    "relocated",
    `${packages.join(", ")} of Debian ${debianReleases[inputs.from].version}, with the libraries it needs`,
    () =>
      cachedLayer({ name: "relocated", inputs, online: true, make: () => buildRelocated(inputs, context) }, context),
    ended,
  );
}

/** `cached (f1ba8ee33f8d, 296 MB)`, for a layer that was found. */
async function cachedText(layer: CachedLayer, { format }: BuildContext): Promise<string | undefined> {
  if (!layer.cached) return undefined;
  return `cached (${layer.index.key.slice(0, 12)}, ${((await layerSize(layer, format)) / 1e6).toFixed(1)} MB)`;
}
