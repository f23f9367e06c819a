import { describeError } from "../../lib/error.ts";
import { stackModel } from "../agent/stack-model.ts";
import { bareHostTemplate, withoutCompiler } from "../container/bare-host-template.ts";
import { releases } from "../container/debian.ts";
import { minimalTemplate } from "../container/minimal-template.ts";
import type { Extent } from "./extent.ts";
import type { Terminal } from "./prove.ts";

/** Makes what tests of containers need beside the template, while they needn't wait for it. What fails, they try again. */
export async function makeFixtures(terminal: Terminal, { long }: Extent): Promise<void> {
  try {
    await minimalTemplate();
    await bareHostTemplate(stackModel("bookworm", long ? {} : withoutCompiler).packages, releases["12"]);
  } catch (error) {
    terminal.write(`${describeError(error)}\n`);
  }
}
