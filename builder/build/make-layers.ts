import { join } from "node:path";
import type { Progress } from "../../lib/progress/progress.ts";
import { agentReleaseZero } from "../../stack/agent-releases.ts";
import { debianReleases } from "../../stack/debian.ts";
import { type CachedLayer, cachedLayer, findLayer } from "../cache/cached-layer.ts";
import { layerSize } from "../cache/layer-size.ts";
import type { BuildContext } from "../context.ts";
import { buildBase } from "../layers/base/base.ts";
import type { BaseFacts } from "../layers/base/facts.ts";
import type { MadeRepository } from "../layers/base/other-packages.ts";
import { buildDownloaded } from "../layers/downloaded/downloaded.ts";
import { buildNode } from "../layers/node/node.ts";
import { buildOverlay, type OverlayInputs } from "../layers/overlay/overlay.ts";
import { unpackRepository } from "../layers/package-repository.ts";
import { buildPython } from "../layers/python/python.ts";
import { buildRelocated } from "../layers/relocated/relocated.ts";
import { agentInputs, buildAgent } from "../layers/stack-agent/agent.ts";
import { manifest } from "../manifest/manifest.ts";
import { assertKey } from "../provenance/sign.ts";
import { validate } from "../validate/validate.ts";
import { rootfsFolder } from "../work-folder.ts";
import { type BuildPlan, overlayOf, planBuild, tellDeviations } from "./plan-build.ts";
import { refuseTaken } from "./refuse-taken.ts";
import { unpackRootfs } from "./unpack-rootfs.ts";

/** A stack's layers, the lowest first. */
export const layerNames = ["base", "python", "node", "agent", "overlay"] as const;
export type LayerName = (typeof layerNames)[number];

/** Without `python` where services' environments are not made. */
type Layers = Readonly<Record<Exclude<LayerName, "python">, CachedLayer>> & { readonly python?: CachedLayer };

/** Every layer of a stack, made or found, and what they were made from. */
export interface MadeLayers {
  readonly context: BuildContext;
  readonly plan: BuildPlan;
  /** Of the base. */
  readonly facts: BaseFacts;
  /** No part of the template: repositories that packages of the base were taken from. */
  readonly repositories: readonly CachedLayer[];
  readonly layers: Layers;
  readonly overlayInputs: OverlayInputs;
}

/** Layers as they lie over each other, the lowest first. */
export function stacked(layers: MadeLayers["layers"]): CachedLayer[] {
  return layerNames.flatMap((name) => layers[name] ?? []);
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
  const agentParts = agentInputs(bare.project, agentReleaseZero);
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
  const repositories = await madeRepositories(bare, plan, step, ended);
  const base = await step(
    "base",
    `Debian ${model.debian.version} with ${Object.keys(plan.base.versions).length} packages`,
    () =>
      cachedLayer(
        {
          name: "base",
          inputs: plan.base,
          online: true,
          make: async () => {
            const folders = repositories.map((layer, index) =>
              unpackRepository(layer, `${layer.index.name}-${index}`, work, signal),
            );
            return buildBase(plan.base, bare, await Promise.all(folders));
          },
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
  const nodeStep = {
    name: "node",
    title: "Node and the agent's native addons",
    use: () =>
      cachedLayer({ name: "node", inputs: node, online: false, make: () => buildNode(node, context) }, context),
    ended,
  };
  const [pythonLayer, nodeLayer] =
    python === undefined
      ? [undefined, await step(nodeStep.name, nodeStep.title, nodeStep.use, ended)]
      : await both(
          {
            name: "python",
            title: `${model.services.length} virtual environments`,
            use: () =>
              cachedLayer(
                {
                  name: "python",
                  inputs: python,
                  online: true,
                  make: () => buildPython(python, plan.sources, context),
                },
                context,
              ),
            ended,
          },
          nodeStep,
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
  const lower = [base, ...(pythonLayer === undefined ? [] : [pythonLayer]), nodeLayer, agentLayer];
  const facts = base.index.facts as BaseFacts;
  const of = { model, packages: facts.packages, chosen: plan.chosen, tools: plan.tools };
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
    ...{ context, plan, facts, overlayInputs: inputs, repositories },
    layers: { base, ...(pythonLayer && { python: pythonLayer }), node: nodeLayer, agent: agentLayer, overlay },
  };
}

/** Where the base is still to be made, the layers that some of its packages are taken from. */
async function madeRepositories(
  context: BuildContext,
  { chosen, base }: BuildPlan,
  step: Progress["step"],
  ended: (layer: CachedLayer) => Promise<string | undefined>,
): Promise<readonly CachedLayer[]> {
  const wanted = chosen.flatMap(({ made }) => made ?? []);
  if (wanted.length === 0 || (await findLayer({ name: "base", inputs: base }, context)) !== undefined) return [];
  const layers: CachedLayer[] = [];
  for (const made of wanted) {
    const { name, inputs } = made;
    const make = () =>
      made.name === "relocated" ? buildRelocated(made.inputs, context) : buildDownloaded(made.inputs, context);
    const layer = () => cachedLayer({ name, inputs, online: true, make }, context);
    layers.push(await step(name, repositoryTitle(made), layer, ended));
  }
  return layers;
}

function repositoryTitle(made: MadeRepository): string {
  if (made.name === "downloaded") return made.inputs.files.map(({ name, version }) => `${name} ${version}`).join(", ");
  const packages = Object.entries(made.inputs.ready).map(([name, version]) => `${name} ${version}`);
  const { version } = debianReleases[made.inputs.from];
  return `${packages.join(", ")} of Debian ${version}, with the libraries it needs`;
}

/** `cached (f1ba8ee33f8d, 296 MB)`, for a layer that was found. */
async function cachedText(layer: CachedLayer, { format }: BuildContext): Promise<string | undefined> {
  if (!layer.cached) return undefined;
  return `cached (${layer.index.key.slice(0, 12)}, ${((await layerSize(layer, format)) / 1e6).toFixed(1)} MB)`;
}
