import { join } from "node:path";
import { isStackError } from "../lib/error.ts";
import type { Log } from "../lib/log.ts";
import { run as realRun } from "../lib/run.ts";
import type { ManifestDocument } from "../stack/documents/manifest.ts";
import { type CachedLayer, cachedLayer } from "./cache/cached-layer.ts";
import { dropLayer } from "./cache/layer.ts";
import { layerSize } from "./cache/layer-size.ts";
import { pruneCache } from "./cache/prune.ts";
import type { BuildContext, BuildOptions } from "./context.ts";
import { type FailedCommand, failureRecorder } from "./failure-recorder.ts";
import { buildBase } from "./layers/base/base.ts";
import type { BaseFacts } from "./layers/base/facts.ts";
import { buildNode } from "./layers/node/node.ts";
import { buildOverlay } from "./layers/overlay/overlay.ts";
import { ownFiles } from "./layers/overlay/own-files.ts";
import { buildPython } from "./layers/python/python.ts";
import { agentInputs, buildAgent } from "./layers/stack-agent/agent.ts";
import { manifest } from "./manifest/manifest.ts";
import { templateName } from "./manifest/template-name.ts";
import { type WrittenDocuments, writeDocuments } from "./manifest/write-documents.ts";
import { pack } from "./pack/pack.ts";
import { templateShape } from "./pack/shape.ts";
import { overlayOf, planBuild } from "./plan.ts";
import type { Progress } from "./progress/progress.ts";
import { assertKey, sign } from "./provenance/sign.ts";
import { toolVersions } from "./provenance/tool-versions.ts";
import { unpackRootfs } from "./rootfs.ts";
import { templateTree } from "./templates.ts";
import { validate } from "./validate/validate.ts";
import { rootfsFolder, withWorkFolder } from "./work-folder.ts";

export interface BuildResult extends WrittenDocuments {
  readonly template: string;
  readonly document: ManifestDocument;
}

export type ProjectOptions = BuildOptions & { readonly project: string };

/** A build that failed, while its work folder is still there. */
export interface BuildFailure {
  readonly error: unknown;
  readonly work: string;
  /** The base unpacked: where the other layers are made; undefined where there is no base yet. */
  readonly rootfs: (() => Promise<string>) | undefined;
  /** The command that failed last, program and arguments. */
  readonly command: FailedCommand | undefined;
}

/** Has a look, and says what becomes of the work folder. */
export type AfterFailure = (failure: BuildFailure) => Promise<"keep" | "remove">;

/**
 * Builds a template: validate → plan → base → python, node → agent → overlay → pack → manifest.
 * Layers come from the cache where their inputs are as they were. Nothing is in the out
 * folder before all is done, and the work folder is gone afterwards, unless `afterFailure`
 * keeps it.
 *
 * @throws StackError of the step that failed, which its message begins with
 */
export function build(
  options: ProjectOptions,
  progress: Progress,
  signal: AbortSignal,
  afterFailure: AfterFailure = async () => "remove",
): Promise<BuildResult> {
  const commands = failureRecorder(realRun);
  let rootfs: (() => Promise<string>) | undefined;
  const once = async (work: string): Promise<BuildResult> => {
    const context = { ...(await contextOf(options, progress.log, signal, work)), run: commands.run };
    return steps(context, progress, (made) => {
      rootfs = made;
    });
  };
  const use = async (work: string): Promise<BuildResult> => {
    try {
      return await once(work);
    } catch (error) {
      if (!isStackError(error) || error.code !== "damaged-layer" || error.detail[0] === undefined) throw error;
      progress.log("warning", `${error.message}; it is built again`);
      await dropLayer(error.detail[0]);
      return await once(work);
    }
  };
  return withWorkFolder(progress.log, use, {
    afterFailure: (work, error) => afterFailure({ error, work, rootfs, command: commands.last() }),
  });
}

/** What a build works with, nothing of it done yet. */
export async function contextOf(
  options: ProjectOptions,
  log: Log,
  signal: AbortSignal,
  work: string,
): Promise<BuildContext> {
  const { folder } = options.definition;
  const tree = await templateTree({ project: options.project, folder });
  return {
    ...options,
    run: realRun,
    log,
    signal,
    root: process.getuid?.() === 0,
    work,
    templates: tree.templates,
    tree,
    own: await ownFiles(tree, options.model, folder),
    rootfs: () => Promise.reject(new Error("the base comes first")),
  };
}

/** @param hold is given the way to the unpacked base as soon as there is one */
async function steps(
  bare: BuildContext,
  { step, both, log }: Progress,
  hold: (rootfs: () => Promise<string>) => void,
): Promise<BuildResult> {
  const { model, signal, work } = bare;
  const ended = (layer: CachedLayer): Promise<string | undefined> => cachedText(layer, bare);
  // Bundling takes a third of a second, in which the machine is looked at.
  const agentParts = agentInputs(bare.project, model.paths.agent);
  agentParts.catch(() => {});
  await step("validate", "looking at this machine", async () => {
    await validate(bare);
    if (bare.sign !== undefined) await assertKey(bare.sign);
  });
  const plan = await step("plan", "working out the layers", () => planBuild(bare, { dry: false, agent: agentParts }));
  const base = await step(
    "base",
    `Debian ${model.debian.version} with ${Object.keys(plan.base.versions).length} packages`,
    () => cachedLayer({ name: "base", inputs: plan.base, online: true, make: () => buildBase(plan.base, bare) }, bare),
    ended,
  );
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
        { name: "agent", inputs: agent.inputs, online: false, make: () => buildAgent(agent.inputs, agent.bundle) },
        context,
      ),
    ended,
  );
  const lower = [base, pythonLayer, nodeLayer, agentLayer];
  const facts = base.index.facts as BaseFacts;
  const of = { model, packages: facts.packages, tools: plan.tools };
  const makeOverlay = async (): Promise<CachedLayer> => {
    const inputs = await overlayOf(context, plan, facts, await manifest({ ...of, layers: lower }));
    return cachedLayer({ name: "overlay", inputs, online: false, make: () => buildOverlay(inputs) }, context);
  };
  const overlay = await step("overlay", "units, configuration, templates", makeOverlay, ended);
  const layers = [...lower, overlay];
  const packed = await step("pack", `laying the layers over each other, ${context.format}`, () =>
    pack({
      layers,
      out: context.out,
      format: context.format,
      name: (hash) => templateName(model, hash, context.format),
      ...templateShape,
      signal,
    }),
  );
  await pruneCache(context.cache, { limit: context.cacheLimit, keep: layers.map(({ folder }) => folder) });
  const result = await step("manifest", packed.file, async () => {
    const used = await toolVersions(base.cached ? ["tar"] : ["mmdebstrap", "apt", "dpkg", "tar"], context.run);
    const document = await manifest({ ...of, layers, tools: { ...plan.tools, ...used } }, packed);
    for (const sentence of document.deviations) log("warning", `DEVIATION: ${sentence}`);
    return { template: packed.path, document, ...(await writeDocuments(context, plan, facts, packed, document)) };
  });
  if (context.sign === undefined) return result;
  // Not in a step, whose line is drawn again and again: a passphrase may be asked for.
  const signature = await sign({ file: packed.path, key: context.sign, run: context.run, signal });
  return { ...result, signature };
}

/** `cached (f1ba8ee33f8d, 296 MB)`, for a layer that was found. */
async function cachedText(layer: CachedLayer, { format }: BuildContext): Promise<string | undefined> {
  if (!layer.cached) return undefined;
  return `cached (${layer.index.key.slice(0, 12)}, ${((await layerSize(layer, format)) / 1e6).toFixed(1)} MB)`;
}
