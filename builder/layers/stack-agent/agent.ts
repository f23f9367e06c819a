import { createHash } from "node:crypto";
import { join } from "node:path";
import { archiveOfEntries, type Entry } from "../../archive/archive-of-entries.ts";
import type { Inputs } from "../../cache/layer-key.ts";
import type { MadeLayer } from "../../cache/made-layer.ts";
import { sourceDateEpoch } from "../../context.ts";
import { codeDigest } from "../code-digest.ts";
import { bundleAgent } from "./bundle.ts";
import type { NpmPackage } from "./npm-package.ts";

/** All that the agent layer is made from: needs no chroot, so an edit of the agent is built in an instant. */
export interface AgentInputs extends Inputs {
  readonly code: string;
  readonly folder: string;
  readonly bundle: string;
  readonly epoch: number;
}

/** Texts by the files' names. */
export type AgentBundles = Readonly<Record<"stack-agent.cjs" | "model.cjs", string>>;

export interface AgentParts {
  readonly inputs: AgentInputs;
  readonly bundles: AgentBundles;
  readonly packages: readonly NpmPackage[];
}

/**
 * @param folder the agent's, in the container
 * @returns the inputs, the bundles that go into the layer, and the npm packages they are from
 */
export async function agentInputs(project: string, folder: string): Promise<AgentParts> {
  // The model's has nothing that the program's has not: the idle agent reads its definition by it, and drops it.
  const [program, model] = await Promise.all([
    bundleAgent(project),
    bundleAgent(project, join(project, "agent", "model", "load-model.ts")),
  ]);
  const bundles = { "stack-agent.cjs": program.text, "model.cjs": model.text };
  const inputs = {
    code: await codeDigest(["layers/stack-agent", "archive/archive-of-entries.ts", "archive/header.ts"]),
    folder,
    bundle: createHash("sha256").update(JSON.stringify(bundles)).digest("hex"),
    epoch: sourceDateEpoch,
  };
  return { inputs, bundles, packages: program.packages };
}

export async function buildAgent({ folder, epoch }: AgentInputs, bundles: AgentBundles): Promise<MadeLayer> {
  const files = Object.entries(bundles).map(([name, text]): Entry => {
    return { path: `${folder}/lib/${name}`, mode: 0o644, content: { kind: "text", text } };
  });
  return { archive: archiveOfEntries(files, epoch) };
}
