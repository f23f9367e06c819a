import { mkdtemp, rm } from "node:fs/promises";
import { describeError } from "../../lib/error.ts";
import { stackModel } from "../agent/stack-model.ts";
import { bareHostTemplate, withoutCompiler } from "../container/bare-host-template.ts";
import { releases } from "../container/debian.ts";
import { minimalTemplate } from "../container/minimal-template.ts";
import { buildOnce } from "./build-once.ts";
import { type Builds, rootTo } from "./build-phase.ts";
import type { Extent } from "./extent.ts";
import type { Terminal } from "./prove.ts";

/** Makes what tests of containers need beside the template, while they needn't wait for it. What fails, they try again. */
export async function makeFixtures(terminal: Terminal, { long }: Extent): Promise<void> {
  await ahead(terminal, async () => {
    await minimalTemplate();
    await bareHostTemplate(stackModel("bookworm", long ? {} : withoutCompiler).packages, releases["12"]);
  });
}

/** Builds what docs/your-own-stack.md does, so that its layers are cached when a test runs the page's commands. */
export async function ownStackAhead({ cache, terminal, within = [] }: Builds): Promise<void> {
  const out = await mkdtemp("/var/tmp/stack-ahead-");
  const settings = ["--format", "zst", "--set", "container.memory=4GiB"];
  const command = [...within, ...rootTo(cache, out), "docs/examples/orders/stack.yaml", ...settings];
  await ahead(terminal, () => buildOnce(command, terminal));
  await rm(out, { recursive: true, force: true });
}

async function ahead(terminal: Terminal, make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    terminal.write(`${describeError(error)}\n`);
  }
}
