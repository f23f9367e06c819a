import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { archiveOfEntries, type Entry } from "../../archive/archive-of-entries.ts";
import type { Inputs } from "../../cache/layer-key.ts";
import type { MadeLayer } from "../../cache/made-layer.ts";
import { sourceDateEpoch } from "../../context.ts";
import { codeDigest } from "../code-digest.ts";
import { bundleAgent, eachOnce } from "./bundle.ts";
import type { NpmPackage } from "./npm-package.ts";

/** All that the agent layer is made from: needs no chroot, so an edit of the agent is built in an instant. */
export interface AgentInputs extends Inputs {
  readonly code: string;
  readonly folder: string;
  readonly bundle: string;
  readonly epoch: number;
}

/** Texts by the files' names: what is bundled, and what the agent's page has a browser ask for. */
export type AgentBundles = Readonly<Record<keyof typeof entries | (typeof pageFiles)[number], string>>;

const entries = {
  "stack-agent.cjs": "cli.ts",
  "serve.cjs": "health/serve.ts",
  "status.cjs": "status/status-program.ts",
  "program.cjs": "program.ts",
  "model.cjs": "model/load-model.ts",
  "page.cjs": "page/page.ts",
} as const;

/** No folder of their own: an agent of before lays a release whose lib holds files alone. */
const pageFiles = ["page.css", "page.js"] as const;

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
  const bundled = await Promise.all(
    Object.entries(entries).map(async ([name, entry]) => {
      return [name, await bundleAgent(project, join(project, "agent", entry))] as const;
    }),
  );
  const asWritten = await Promise.all(
    pageFiles.map(async (name) => [name, await readFile(join(project, "agent/page", name), "utf8")] as const),
  );
  const bundles = Object.fromEntries([
    ...bundled.map(([name, { text }]) => [name, text] as const),
    ...asWritten,
  ]) as AgentBundles;
  const inputs = {
    code: await codeDigest(["layers/stack-agent", "archive/archive-of-entries.ts", "archive/header.ts"]),
    folder,
    bundle: createHash("sha256").update(JSON.stringify(bundles)).digest("hex"),
    epoch: sourceDateEpoch,
  };
  return { inputs, bundles, packages: eachOnce(bundled.flatMap(([, { packages }]) => packages)) };
}

export async function buildAgent({ folder, epoch }: AgentInputs, bundles: AgentBundles): Promise<MadeLayer> {
  const files = Object.entries(bundles).map(([name, text]): Entry => {
    return { path: `${folder}/lib/${name}`, mode: 0o644, content: { kind: "text", text } };
  });
  return { archive: archiveOfEntries(files, epoch) };
}
