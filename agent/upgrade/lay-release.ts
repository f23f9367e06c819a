import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { copyFile, link, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createZstdDecompress } from "node:zlib";
import { StackError } from "../../lib/error.ts";
import { exists, removeUnfinished, syncFolder, unfinishedName } from "../../lib/files.ts";
import { type Run, tail } from "../../lib/run.ts";
import { agentReleaseFolder, agentReleasesFolder } from "../../stack/agent-releases.ts";
import { stackReleaseName } from "../../stack/documents/stack-release.ts";
import { markUnproven } from "../trial/unproven.ts";
import type { OpenedPackage } from "./open-package.ts";

const manifestName = "share/manifest.json";

/**
 * Lays a release beside those that are there. It comes into its place in one step, when all of it is on the disk.
 * What it has in common with the one in force, Node most of all, takes no more room.
 *
 * @returns whether it was not there before
 * @throws StackError `bad-package`, `disk-full`
 */
export async function layRelease(
  { record, text: recordText, payload }: OpenedPackage,
  current: string,
  { run, signal }: { readonly run: Run; readonly signal: AbortSignal },
): Promise<boolean> {
  const place = agentReleaseFolder(record.id);
  await removeUnfinished(agentReleasesFolder);
  if (await exists(place)) return false;
  const draft = join(agentReleasesFolder, unfinishedName());
  try {
    await mkdir(draft, { mode: 0o755 });
    await unpack(payload(), draft, signal);
    // What Debian packages this container was made of no release changes.
    await copyFile(join(agentReleaseFolder(current), manifestName), join(draft, manifestName));
    await shareFiles(draft, agentReleaseFolder(current), ["bin", "lib"]);
    await writeFile(join(draft, stackReleaseName), recordText, { mode: 0o644 });
    await markUnproven(draft);
    await run("sync", ["--file-system", draft], { signal, timeout: 300_000 });
    await rename(draft, place);
    await syncFolder(agentReleasesFolder);
    return true;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function unpack({ stream, ended }: ReturnType<OpenedPackage["payload"]>, folder: string, signal: AbortSignal) {
  // Else it ends at the archive's end mark, and what comes behind that breaks the pipe.
  const whole = "--ignore-zeros";
  const args = ["--extract", whole, "--no-same-owner", "--preserve-permissions", "--directory", folder];
  const tar = spawn("tar", args, { stdio: ["pipe", "ignore", "pipe"], signal, env: { ...process.env, LC_ALL: "C" } });
  const closed = once(tar, "close");
  const said = text(tar.stderr);
  // tar may end before it has read all: what it says is worth more than a broken pipe.
  const piped = pipeline(stream, createZstdDecompress(), tar.stdin, { signal }).catch((error: unknown) => error);
  const [code] = (await closed) as [number | null];
  const broken = await piped;
  if (code === 0 && broken === undefined) return ended;
  const detail = tail(await said);
  if (detail.some((line) => /no space left/i.test(line))) {
    throw new StackError("disk-full", "the release can't be laid beside the one in force: no space left on device", {
      detail,
    });
  }
  throw new StackError("bad-package", "the release can't be unpacked", { detail, cause: broken });
}

/** The same file of both becomes one. */
async function shareFiles(draft: string, current: string, folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    const entries = await readdir(join(draft, folder), { withFileTypes: true });
    for (const { name } of entries.filter((entry) => entry.isFile())) {
      const [own, other] = [join(draft, folder, name), join(current, folder, name)];
      const sizes = await Promise.all(
        [own, other].map(async (path) => (await stat(path).catch(() => undefined))?.size),
      );
      if (sizes[0] !== sizes[1] || (await digest(own)) !== (await digest(other))) continue;
      const temporary = join(draft, folder, unfinishedName());
      await link(other, temporary);
      await rename(temporary, own);
    }
  }
}

async function digest(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
