import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Resolution, resolutionPath } from "../../../builder/apt/resolve-packages.ts";
import { overlayOf, planBuild } from "../../../builder/build/plan-build.ts";
import type { CachedLayer } from "../../../builder/cache/cached-layer.ts";
import { type Inputs, layerKey } from "../../../builder/cache/layer-key.ts";
import type { BuildContext } from "../../../builder/context.ts";
import type { BaseFacts } from "../../../builder/layers/base/facts.ts";
import { manifest } from "../../../builder/manifest/manifest.ts";
import { ownFiles } from "../../../builder/trees/own-files.ts";
import { readTemplateTrees } from "../../../builder/trees/template-trees.ts";
import { writeFileAtomic } from "../../../lib/files.ts";
import { run } from "../../../lib/run.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import type { Model } from "../../../stack/model.ts";
import { resolve } from "../../../stack/resolve.ts";

export type Keys = Readonly<Record<"base" | "python" | "node" | "agent" | "overlay", string>>;

/** What Debian's archive has: the state it is in, and versions that are not 1.0. */
export interface Mirror {
  readonly release: string;
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * The keys of all layers, as a build of the project that this file lies in would have them.
 * Nothing is asked of the network: the answer that it would give is there beforehand.
 *
 * @param file the stack.yaml
 */
export async function planKeys(file: string, cache: string, mirror: Mirror): Promise<Keys> {
  const project = join(import.meta.dirname, "../../..");
  const folder = dirname(file);
  const text = await readFile(file, "utf8");
  const model = resolve(parseDefinition(text, file));
  const tree = await readTemplateTrees({ project, folder });
  await know(model, cache, mirror);
  const context: BuildContext = {
    definition: { file, text, folder },
    ...{ model, project, tree, cache, run },
    templates: tree.templates,
    own: await ownFiles(tree, model, folder),
    out: "/nonexistent",
    format: "zst",
    cacheLimit: 0,
    offline: true,
    debianOnly: true,
    log: () => {},
    signal: new AbortController().signal,
    root: false,
    work: "/nonexistent",
    rootfs: () => Promise.reject(new Error("a plan needs none")),
  };
  const plan = await planBuild(context, { dry: true });
  const facts = baseFacts(model);
  const lower = [
    layer("base", plan.base),
    layer("python", plan.python ?? {}),
    layer("node", plan.node),
    layer("agent", plan.agent.inputs),
  ];
  const document = await manifest({
    ...{ model, packages: facts.packages, chosen: plan.chosen, tools: plan.tools },
    layers: lower,
  });
  const overlay = await overlayOf(context, plan, facts, document);
  const keys = Object.fromEntries([...lower, layer("overlay", overlay)].map(({ index }) => [index.name, index.key]));
  return keys as Keys;
}

/** Only its key is of interest. */
function layer(name: string, inputs: Inputs): CachedLayer {
  const key = layerKey(name, inputs);
  const index = { schemaVersion: 1, name, key, bytes: 0, chunks: [], members: "", entries: 0, seconds: 0 } as const;
  return { folder: "", index: { ...index, chunks: [] }, members: [], cached: true };
}

async function know(model: Model, cache: string, { release, versions }: Mirror): Promise<void> {
  const request = { suite: model.debian.suite, architecture: model.architecture, packages: model.packages };
  const answer: Resolution = {
    schemaVersion: 1,
    releases: [{ uri: "http://mirror.example.org/debian", suite: model.debian.suite, sha256: release }],
    packages: [...model.packages, "libc6"].map((name) => ({ name, version: versions[name] ?? "1.0" })),
  };
  await writeFileAtomic(resolutionPath({ ...request, folder: join(cache, "resolutions") }), JSON.stringify(answer));
}

/** A base that has all users and units that the stack names. */
function baseFacts(model: Model): BaseFacts {
  const owners = [...new Set(model.files.map((file) => file.owner))].sort();
  const ids = (part: number): Record<string, number> =>
    Object.fromEntries(owners.map((owner, index) => [owner.split(":")[part] ?? "", 100 + index]));
  const units = model.units.map(({ unit }) => unit.replace(/@.+(\.\w+)$/, "@$1"));
  return { packages: [], users: ids(0), groups: ids(1), units };
}
