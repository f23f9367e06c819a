import { join } from "node:path";
import { isStackError } from "../lib/error.ts";
import { writeFileAtomic } from "../lib/files.ts";
import { run as realRun } from "../lib/run.ts";
import { applianceInfo } from "../stack/components/system/component.ts";
import type { ManifestDocument } from "../stack/documents/manifest.ts";
import { cachedLayer } from "./cache/cached-layer.ts";
import { dropLayer } from "./cache/layer.ts";
import { pruneCache } from "./cache/prune.ts";
import { type BuildContext, type BuildOptions, sourceDateEpoch } from "./context.ts";
import { buildBase } from "./layers/base/base.ts";
import type { BaseFacts } from "./layers/base/facts.ts";
import { buildNode } from "./layers/node/node.ts";
import { buildOverlay } from "./layers/overlay/overlay.ts";
import { ownFiles } from "./layers/overlay/own-files.ts";
import { buildPython } from "./layers/python/python.ts";
import { buildAgent } from "./layers/stack-agent/agent.ts";
import { deployDocument } from "./manifest/deploy-document.ts";
import { manifest } from "./manifest/manifest.ts";
import { templateName } from "./manifest/template-name.ts";
import { type PackedTemplate, pack } from "./pack/pack.ts";
import { overlayOf, planBuild } from "./plan.ts";
import type { Progress } from "./progress/progress.ts";
import { unpackRootfs } from "./rootfs.ts";
import { templateTree } from "./templates.ts";
import { validate } from "./validate/validate.ts";
import { rootfsFolder, withWorkFolder } from "./work-folder.ts";

export interface BuildResult {
  /** Paths of what was written. */
  readonly template: string;
  readonly checksum: string;
  readonly manifest: string;
  readonly deploy: string;
  readonly document: ManifestDocument;
}

/**
 * Builds a template: validate → plan → base → python, node → agent → overlay → pack → manifest.
 * Layers come from the cache where their inputs are as they were. Nothing is in the out
 * folder before all is done, and the work folder is gone afterwards.
 *
 * @throws StackError of the step that failed, which its message begins with
 */
export function build(
  options: BuildOptions & { readonly project: string },
  progress: Progress,
  signal: AbortSignal,
): Promise<BuildResult> {
  return withWorkFolder(progress.log, async (work) => {
    try {
      return await steps(await contextOf(options, progress, signal, work), progress);
    } catch (error) {
      if (!isStackError(error) || error.code !== "damaged-layer" || error.detail[0] === undefined) throw error;
      progress.log("warning", `${error.message}; it is built again`);
      await dropLayer(error.detail[0]);
      return await steps(await contextOf(options, progress, signal, work), progress);
    }
  });
}

async function contextOf(
  options: BuildOptions & { readonly project: string },
  progress: Progress,
  signal: AbortSignal,
  work: string,
): Promise<BuildContext> {
  const { folder } = options.definition;
  const tree = await templateTree({ project: options.project, folder });
  return {
    ...options,
    run: realRun,
    log: progress.log,
    signal,
    root: process.getuid?.() === 0,
    work,
    templates: tree.templates,
    tree,
    own: await ownFiles(tree, options.model, folder),
    rootfs: () => Promise.reject(new Error("the base comes first")),
  };
}

async function steps(bare: BuildContext, { step, both, log }: Progress): Promise<BuildResult> {
  const { model, signal, work } = bare;
  await step("validate", "looking at this machine", () => validate(bare));
  const plan = await step("plan", "working out the layers", () => planBuild(bare, { dry: false }));
  const base = await step(
    "base",
    `Debian ${model.debian.version} with ${Object.keys(plan.base.versions).length} packages`,
    () => cachedLayer({ name: "base", inputs: plan.base, online: true, make: () => buildBase(plan.base, bare) }, bare),
  );
  let rootfs = base.cached ? undefined : Promise.resolve(join(work, rootfsFolder));
  const context: BuildContext = {
    ...bare,
    rootfs: () => {
      rootfs ??= unpackRootfs(base, work, signal);
      return rootfs;
    },
  };
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
    },
    {
      name: "node",
      title: "Node and the agent's native addons",
      use: () =>
        cachedLayer({ name: "node", inputs: node, online: false, make: () => buildNode(node, context) }, context),
    },
  );
  const agentLayer = await step("agent", "the agent's bundle", () =>
    cachedLayer(
      { name: "agent", inputs: agent.inputs, online: false, make: () => buildAgent(agent.inputs, agent.bundle) },
      context,
    ),
  );
  const lower = [base, pythonLayer, nodeLayer, agentLayer];
  const facts = base.index.facts as BaseFacts;
  const of = { model, packages: facts.packages, tools: plan.tools };
  const overlay = await step("overlay", "units, configuration, templates", async () => {
    const inputs = await overlayOf(context, plan, facts, await manifest({ ...of, layers: lower }));
    return cachedLayer({ name: "overlay", inputs, online: false, make: () => buildOverlay(inputs) }, context);
  });
  const layers = [...lower, overlay];
  const packed = await step("pack", `laying the layers over each other, ${context.format}`, () =>
    pack({
      layers,
      out: context.out,
      format: context.format,
      name: (hash) => templateName(model, hash, context.format),
      mtime: sourceDateEpoch,
      front: [`.${applianceInfo}`],
      signal,
    }),
  );
  await pruneCache(context.cache, { limit: context.cacheLimit, keep: layers.map(({ folder }) => folder) });
  return step("manifest", packed.file, async () => {
    const document = await manifest({ ...of, layers }, packed);
    for (const sentence of document.deviations) log("warning", `DEVIATION: ${sentence}`);
    return writeDocuments(context, packed, document);
  });
}

async function writeDocuments(
  { model, out }: BuildContext,
  packed: PackedTemplate,
  document: ManifestDocument,
): Promise<BuildResult> {
  const stem = join(out, packed.file.replace(/\.tar\.\w+$/, ""));
  const paths = {
    template: packed.path,
    checksum: `${packed.path}.sha256`,
    manifest: `${stem}.manifest.json`,
    deploy: `${stem}.DEPLOY.md`,
  };
  await writeFileAtomic(paths.checksum, `${packed.sha256}  ${packed.file}\n`);
  await writeFileAtomic(paths.manifest, `${JSON.stringify(document, undefined, 2)}\n`);
  const deploy = await deployDocument({ model, template: packed, deviations: document.deviations });
  await writeFileAtomic(paths.deploy, deploy);
  return { ...paths, document };
}
