import { mkdtemp, rm } from "node:fs/promises";
import { describeError } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import { bareHostSections, bareHostSettings, bareHostTemplate } from "../container/bare-host-template.ts";
import { besidePage } from "../container/beside-page.ts";
import { releases } from "../container/debian.ts";
import { minimalTemplate } from "../container/minimal-template.ts";
import { stackModel } from "../stack/stack-model.ts";
import type { Builds } from "./builds.ts";
import type { Extent } from "./extent.ts";
import type { Terminal } from "./prove.ts";

/** Makes what tests of containers need beside the template, while they needn't wait for it. What fails, they try again. */
export async function makeFixtures(terminal: Terminal, { long }: Extent): Promise<void> {
  await ahead(terminal, async () => {
    await minimalTemplate();
    await bareHostTemplate(stackModel("bookworm", bareHostSections(long)).packages, releases["12"]);
  });
}

/**
 * Builds what two tests do, so that its layers are cached when they come to it: the package for a
 * plain host, whose RabbitMQ is Debian's own, and what docs/your-own-stack.md builds.
 */
export async function makeLayersAhead(builds: Builds, { long }: Extent): Promise<void> {
  const { cache, terminal, within = [] } = builds;
  const out = await mkdtemp("/var/tmp/stack-ahead-");
  const example = [
    "docs/examples/orders/stack.yaml",
    "--format",
    "zst",
    "--set",
    "container.memory=4GiB",
    ...besidePage,
  ];
  for (const args of [["deb", ...bareHostSettings(releases["12"], long)], example]) {
    const build = ["env", `XDG_CACHE_HOME=${cache}`, "bin/build-template", ...args, "--out", out];
    const [command = "", ...words] = [...within, ...build];
    await ahead(terminal, () => run(command, words, { timeout: 1_200_000 }));
  }
  await rm(out, { recursive: true, force: true });
}

async function ahead(terminal: Terminal, make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    terminal.write(`${describeError(error)}\n`);
  }
}
