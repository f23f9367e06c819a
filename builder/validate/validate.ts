import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { ensureTools, type HostTool } from "../../lib/apt/host-tools.ts";
import { messageOf, StackError } from "../../lib/error.ts";
import { exists } from "../../lib/files.ts";
import type { BuildContext } from "../context.ts";
import { askedSources } from "../sources/choose-sources.ts";
import { requireSpace } from "./require-space.ts";
import { requireUserNamespace } from "./user-namespace.ts";
import { requireUsableWorkFolder } from "./work-folder.ts";

/** What a build needs of its machine, beside Node and npm's packages. */
export function buildTools(context: Pick<BuildContext, "root" | "model" | "debianOnly">): HostTool[] {
  const relocates = context.model.packageSources.some((sources) =>
    askedSources(sources, context).some((name) => sources.of[name]?.kind === "relocated"),
  );
  return [
    { command: "mmdebstrap", package: "mmdebstrap" },
    { command: "tar", package: "tar" },
    { command: "python3", package: "python3" },
    { command: "python3", package: "python3-pip", probe: ["-c", "import pip"] },
    ...(relocates ? [{ command: "patchelf", package: "patchelf" }] : []),
    ...(context.root ? [] : [{ command: "newuidmap", package: "uidmap" }]),
  ];
}

/**
 * Looks whether this machine can build, before any work is done.
 *
 * @throws StackError naming what is wrong and the command that helps
 */
export async function validate(context: BuildContext): Promise<void> {
  const { log, model, out, root, run, signal, work } = context;
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new StackError("wrong-platform", `a template for ${model.architecture} is built on 64-bit x86 Linux`, {
      hint: `this is ${process.platform} on ${process.arch}: use a Debian 12 or 13 machine`,
    });
  }
  if (!(await exists("/etc/debian_version"))) {
    throw new StackError("wrong-platform", "the build needs Debian's own tools (apt, dpkg, mmdebstrap)", {
      hint: "use a Debian 12 or 13 machine",
    });
  }
  await makeOut(out);
  await requireSpace([
    {
      folder: work,
      what: "the work folder",
      leastMiB: 4096,
      choose: "choose another: TMPDIR=/path/with/space build-template …",
    },
    {
      folder: out,
      what: "the template",
      leastMiB: 512,
      choose: "choose another: build-template --out /path/with/space",
    },
  ]);
  await ensureTools(buildTools(context), { run, log, root, signal });
  if (!root) await requireUserNamespace(run, signal);
  await requireUsableWorkFolder(run, work, signal);
}

async function makeOut(out: string): Promise<void> {
  try {
    await mkdir(out, { recursive: true });
    await access(out, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StackError("no-out", `the folder ${out} can't be made or written to: ${messageOf(error)}`, {
      hint: `choose one that you may write to: build-template --out DIR (now ${dirname(out)})`,
    });
  }
}
