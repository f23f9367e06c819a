import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { createGzip } from "node:zlib";
import { exists, writeFileAtomic } from "../../lib/files.ts";
import { archiveOfEntries, type Entry } from "../archive/archive-of-entries.ts";
import { bundleText } from "../bundle-text.ts";
import { sourceDateEpoch } from "../context.ts";
import { nodeBinary } from "../layers/node/node.ts";
import { resource } from "../resource.ts";
import { nativeAddons } from "./native-addons.ts";

export interface DeployerOptions {
  readonly project: string;
  /** Folder it is written to. */
  readonly out: string;
}

export interface DeployerResult {
  readonly file: string;
  readonly version: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/**
 * Writes deploy-template as one file that a Proxmox node runs as it is: a shell script that
 * carries the program and its Node. Same input, same bytes.
 *
 * @throws StackError `bundle-failed`, `missing-package`
 */
export async function buildDeployer({ project, out }: DeployerOptions): Promise<DeployerResult> {
  const { version } = JSON.parse(await readFile(join(project, "package.json"), "utf8")) as { version: string };
  const payload = await packed(await entries(project, version));
  const digest = hash(payload);
  const head = header(await readFile(resource("deployer/header.sh"), "utf8"), digest);
  const content = Buffer.concat([head, payload]);
  const file = join(out, `deploy-template_${version}_amd64`);
  await mkdir(out, { recursive: true });
  await writeFileAtomic(file, content, { mode: 0o755 });
  return { file, version, bytes: content.length, sha256: hash(content) };
}

async function entries(project: string, version: string): Promise<readonly Entry[]> {
  const folder = (path: string): Entry => ({ path, mode: 0o755, content: { kind: "directory" } });
  const text = (path: string, content: string): Entry => ({
    path,
    mode: 0o644,
    content: { kind: "text", text: content },
  });
  return [
    folder("/bin"),
    folder("/program"),
    { path: "/bin/node", mode: 0o755, content: { kind: "file", from: nodeBinary(project) } },
    text("/program/deploy-template.mjs", await bundle(project)),
    // One level above the program, as everywhere (lib/project-folder.ts).
    text("/package.json", `${JSON.stringify({ name: "deploy-template", version })}\n`),
  ];
}

/** Its packages are in it. Native addons are not: ssh2 does without its own. */
async function bundle(project: string): Promise<string> {
  const source = join(project, "installer/cli.ts");
  // An installed package has it as JavaScript.
  const entry = (await exists(source)) ? source : join(project, "bundled/deploy-template.js");
  const { text } = await bundleText("deploy-template", project, {
    entryPoints: [entry],
    format: "esm",
    external: [...nativeAddons, "supports-color"],
    banner: { js: await readFile(resource("deployer/common-js.mjs"), "utf8") },
  });
  return text;
}

function packed(all: readonly Entry[]): Promise<Buffer> {
  return buffer(Readable.from(archiveOfEntries(all, sourceDateEpoch)).pipe(createGzip({ level: 6 })));
}

/** It names the place where it ends, which depends on how long that name is. */
function header(template: string, digest: string): Buffer {
  const filled = (begin: number): Buffer =>
    Buffer.from(template.replace("@DIGEST@", digest).replace("@BEGIN@", String(begin).padStart(6, "0")));
  // `tail -c +N` counts from one.
  return filled(filled(0).length + 1);
}

function hash(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
