import { createHash } from "node:crypto";
import { sourceDateEpoch } from "../../context.ts";
import { archiveOfEntries } from "../../pack/write.ts";
import { codeDigest } from "../code.ts";
import type { Inputs } from "../key.ts";
import type { MadeLayer } from "../made-layer.ts";
import { bundleAgent } from "./bundle.ts";
import type { NpmPackage } from "./npm-package.ts";

/** All that the agent layer is made from: needs no chroot, so an edit of the agent is built in an instant. */
export interface AgentInputs extends Inputs {
  readonly code: string;
  readonly folder: string;
  readonly bundle: string;
  readonly epoch: number;
}

export interface AgentParts {
  readonly inputs: AgentInputs;
  readonly bundle: string;
  readonly packages: readonly NpmPackage[];
}

/**
 * @param folder the agent's, in the container
 * @returns the inputs, the bundle that goes into the layer, and the npm packages it is from
 */
export async function agentInputs(project: string, folder: string): Promise<AgentParts> {
  const { text: bundle, packages } = await bundleAgent(project);
  const inputs = {
    code: await codeDigest(["layers/stack-agent", "pack/write.ts", "pack/header.ts"]),
    folder,
    bundle: createHash("sha256").update(bundle).digest("hex"),
    epoch: sourceDateEpoch,
  };
  return { inputs, bundle, packages };
}

export async function buildAgent({ folder, epoch }: AgentInputs, bundle: string): Promise<MadeLayer> {
  const path = `${folder}/lib/stack-agent.cjs`;
  return { archive: archiveOfEntries([{ path, mode: 0o644, content: { kind: "text", text: bundle } }], epoch) };
}
