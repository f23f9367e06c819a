import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isStackError, StackError } from "../../../../lib/error.ts";
import { syncFolder, unfinishedName } from "../../../../lib/files.ts";
import type { Run } from "../../../../lib/run.ts";
import type { ServiceModel } from "../../../../stack/model.ts";
import { releaseFolder, releasesFolder } from "../../../../stack/releases.ts";
import { installEnvironment, uvOptions } from "../uv.ts";
import { checkSource, type ReleaseSource } from "./check-source.ts";
import { listReleases, type ReleaseRecord } from "./list-releases.ts";
import { unpackArchive } from "./unpack-archive.ts";

export interface MakeReleaseOptions {
  readonly run: Run;
  readonly signal: AbortSignal;
  /** The moment, for its id. */
  readonly now: Date;
  /** A folder with wheels, in the place of the package index. */
  readonly wheels?: string | undefined;
  /** Says what is done next. */
  readonly tell: (what: string) => void;
}

/**
 * Makes a release of a folder or an archive, beside those that are there. It comes into its place in one step,
 * when all of it is on the disk: before that nothing of it is there but what the next provisioning takes away.
 *
 * @returns the release; the one that is there, where it was made of the very same
 * @throws StackError `no-source`, `bad-archive`, as `checkSource` and `installEnvironment`, `bad-module`
 */
export async function makeRelease(
  service: ServiceModel,
  path: string,
  options: MakeReleaseOptions,
): Promise<{ readonly release: ReleaseRecord; readonly isNew: boolean }> {
  const { run, signal, now, tell } = options;
  const kind = await stat(path).catch(() => undefined);
  if (kind === undefined || !(kind.isDirectory() || kind.isFile())) {
    throw new StackError("no-source", `${path} is neither a folder nor an archive`, {
      hint: "stack-agent service deploy NAME FOLDER, or NAME FILE.tar.gz",
    });
  }
  await mkdir(releasesFolder(service), { recursive: true });
  const draft = join(releasesFolder(service), unfinishedName());
  const unpacked = join(releasesFolder(service), unfinishedName());
  try {
    tell(`reading ${path}`);
    const folder = kind.isDirectory() ? path : await unpackArchive(path, unpacked, run, signal);
    const source = await checkSource(service, folder);
    const digest = await digestOf(source);
    const known = (await listReleases(service)).find((one) => one.digest === digest);
    if (isWhole(known)) return { release: known, isNew: false };
    const release: ReleaseRecord = {
      schemaVersion: 1,
      id: idOf(now, digest),
      at: now.toISOString(),
      digest,
      from: path,
    };
    await copyFiles(source, draft);
    if (source.lock !== undefined) await installPython(service, source.lock, draft, release.id, options);
    await run("chmod", ["--recursive", "u=rwX,go=rX", draft], { signal });
    await writeFile(join(draft, "release.json"), `${JSON.stringify(release, null, 2)}\n`, { mode: 0o644 });
    // Thousands of files: all of the file system's at once.
    await run("sync", ["--file-system", draft], { signal, timeout: 300_000 });
    await rename(draft, releaseFolder(service, release.id));
    await syncFolder(releasesFolder(service));
    return { release, isNew: true };
  } finally {
    await rm(draft, { recursive: true, force: true });
    await rm(unpacked, { recursive: true, force: true });
  }
}

function isWhole(release: Partial<ReleaseRecord> | undefined): release is ReleaseRecord {
  return release?.digest !== undefined;
}

/** Sorts by its time; two of one second differ by what is in them. */
function idOf(now: Date, digest: string): string {
  return `${now.toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-")}-${digest.slice(0, 6)}`;
}

async function digestOf({ folder, files, lock = "" }: ReleaseSource): Promise<string> {
  const hash = createHash("sha256").update(`${lock}\0`);
  for (const file of files) {
    const executable = ((await stat(join(folder, file))).mode & 0o111) === 0 ? "" : "x";
    hash.update(`${file}\0${executable}\0`).update(
      createHash("sha256")
        .update(await readFile(join(folder, file)))
        .digest(),
    );
  }
  return hash.digest("hex");
}

async function copyFiles({ folder, files, lock }: ReleaseSource, draft: string): Promise<void> {
  await mkdir(draft, { mode: 0o755 });
  for (const file of files) {
    const to = join(draft, file);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(join(folder, file), to);
    await chmod(to, (await stat(join(folder, file))).mode & 0o777);
  }
  if (lock !== undefined) await writeFile(join(draft, "requirements.lock"), lock);
}

async function installPython(
  service: ServiceModel,
  lock: string,
  draft: string,
  id: string,
  { run, signal, wheels, tell }: MakeReleaseOptions,
): Promise<void> {
  tell(`compiling ${service.name}`);
  // With the names that its files will have, for tracebacks.
  const named = ["-s", draft, "-p", releaseFolder(service, id)];
  const compile = ["-m", "compileall", "-q", ...named, "--invalidation-mode", "unchecked-hash", draft];
  await run("/usr/bin/python3", compile, { signal, timeout: 300_000 }).catch((error: unknown) => {
    if (!isStackError(error) || error.code !== "command-failed") throw error;
    const detail = error.detail.map((line) => line.replaceAll(`${draft}/`, ""));
    throw new StackError("bad-module", `${service.name} has a module that Python can't compile`, {
      detail,
      hint: "correct it, and deploy it again",
    });
  });
  tell(
    `installing ${lock.match(/^\w[^\n]*==/gm)?.length ?? 0} packages ${wheels === undefined ? "from the package index" : `from ${wheels}`}`,
  );
  const options = await uvOptions(signal);
  const venv = join(draft, "venv");
  // Relocatable: its programs don't hold the name that it is made under.
  await run("uv", ["venv", "--quiet", "--relocatable", "--python", "/usr/bin/python3", venv], options);
  await installEnvironment(join(venv, "bin/python"), join(draft, "requirements.lock"), { run, options, wheels });
  // uv's own lock, writable by all.
  await rm(join(venv, ".lock"), { force: true });
}
