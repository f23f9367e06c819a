import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, resolve as resolvePath } from "node:path";
import { ExitCode, isErrno, isStackError, StackError } from "../../lib/error.ts";
import { readTextIfAny } from "../../lib/files.ts";
import { compressionFlag } from "../../lib/lxc/compression-flag.ts";
import type { Run } from "../../lib/run.ts";
import { readDefinition } from "../../stack/definition/parse.ts";
import { machinePaths } from "../../stack/machine-paths.ts";
import type { Model } from "../../stack/model.ts";
import { resolve } from "../../stack/resolve.ts";

/** A template as it lies here. */
export interface Template {
  readonly path: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** `1.0.0-3f2a91bc`: the stack's version and its content's hash; the container carries it as a tag. */
  readonly edition: string;
  /** What the definition inside means, with the settings given. */
  readonly model: Model;
}

/** Where the definition lies in every template. */
const member = `.${machinePaths.definition}`;

interface Effects {
  readonly run: Run;
  readonly signal: AbortSignal;
}

/**
 * Reads a template, once for any number of settings: what it is called, its checksum, the definition
 * inside.
 *
 * @returns what it means with settings, `PATH=VALUE`, in the place of the definition's
 * @throws StackError `no-template`, `template-name`, `foreign-template`, `damaged-template`; from the function
 *   `definition-invalid`; exit 64
 */
export async function openTemplate(path: string, effects: Effects): Promise<(set: readonly string[]) => Template> {
  const file = basename(path);
  const bytes = await sizeOf(path);
  const edition = editionOf(file);
  const told = await checksumTold(path);
  const sha256 = await checksum(path, effects.signal);
  if (told !== undefined && told !== sha256) throw damaged(path, sha256);
  const text = await definitionText(path, told === undefined ? [] : ["--occurrence=1"], effects);
  return (set) => {
    const { definition } = readDefinition(text, `${file}:${member.slice(1)}`, set);
    return { path, file, bytes, sha256, edition, model: resolve(definition) };
  };
}

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found.size;
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) throw error;
  }
  throw new StackError("no-template", `there is no template ${path}`, {
    hint: "build-template writes one into dist/",
    exit: ExitCode.usage,
  });
}

/** Proxmox turns every other character of a name into _, and then it would be looked for in vain. */
function editionOf(file: string): string {
  compressionFlag(file);
  const edition = /^debian-\d+-[a-z0-9-]+_([0-9][0-9.]*-[0-9a-f]{8})_[a-z0-9]+\.tar\.(gz|zst)$/.exec(file)?.[1];
  if (edition !== undefined) return edition;
  throw new StackError("template-name", `${file} is not named as build-template names a template`, {
    hint: "give it its name back: debian-12-NAME_VERSION-HASH_amd64.tar.gz; the hash is what an upload is recognised by",
    exit: ExitCode.usage,
  });
}

async function checksum(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** What the file that build-template writes beside it says, in sha256sum's format; undefined where it isn't there. */
async function checksumTold(path: string): Promise<string | undefined> {
  return /^[0-9a-f]{64}(?= )/.exec((await readTextIfAny(`${path}.sha256`)) ?? "")?.[0];
}

function damaged(path: string, sha256: string): StackError {
  return new StackError(
    "damaged-template",
    `${path} is not what ${basename(path)}.sha256 says: its SHA-256 is ${sha256}`,
    {
      hint: "copy both again from where they were built, or build it again; nothing was sent",
      exit: ExitCode.usage,
    },
  );
}

/** @param how tar is to read: to the end, which is how a file that was cut is noticed, or up to the member */
async function definitionText(path: string, how: readonly string[], { run, signal }: Effects) {
  try {
    const args = ["-x", "-O", ...how, "-f", resolvePath(path), member];
    return (await run("tar", args, { timeout: 600_000, cwd: dirname(resolvePath(path)), signal })).stdout;
  } catch (error) {
    if (!isStackError(error) || error.code !== "command-failed") throw error;
    throw new StackError("foreign-template", `${path} can't be read, or has no ${member}`, {
      cause: error,
      detail: error.detail,
      hint: "build-template verify FILE tells whether it is whole; a template of another maker can't be deployed with this",
      exit: ExitCode.usage,
    });
  }
}
