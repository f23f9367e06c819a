import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, copyFile, lstat, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { exists } from "../../../lib/files.ts";
import type { Progress } from "../../../lib/progress/progress.ts";
import { currentLink } from "../../../stack/releases.ts";
import { archiveOfEntries } from "../../archive/archive-of-entries.ts";
import type { MadeLayers } from "../../build/make-layers.ts";
import { archiveOf } from "../../cache/raw.ts";
import { sourceDateEpoch } from "../../context.ts";
import { inputTo } from "../../output-of.ts";
import { resource } from "../../resource.ts";
import { controlText, debName, packageName } from "./control-text.ts";
import { conffiles, debEntries, uvPath } from "./deb-entries.ts";

/** Paths, and what tells of the package. */
export interface DebArtefacts {
  readonly deb: string;
  readonly package: string;
  readonly version: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/**
 * Makes the stack's .deb, for a host that is no container of the template, by dpkg-deb. Same
 * input, same bytes.
 *
 * @throws StackError `command-failed`
 */
export function renderDeb(made: MadeLayers, { step }: Progress): Promise<DebArtefacts> {
  return step("deb", packageName(made.context.model), () => packDeb(made));
}

async function packDeb(made: MadeLayers): Promise<DebArtefacts> {
  const { model, out, run, signal, work } = made.context;
  const root = join(work, "deb");
  await fill(root, made);
  const sums = await digests(root, "md5");
  const control = join(root, "DEBIAN");
  await mkdir(control);
  const entries = debEntries(made.overlayInputs.entries, made.context.own, model);
  await writeFile(join(control, "control"), controlText(model, await sizeKiB(root)));
  await writeFile(
    join(control, "conffiles"),
    conffiles(entries)
      .map((path) => `${path}\n`)
      .join(""),
  );
  await writeFile(join(control, "md5sums"), sums.map(({ path, hash }) => `${hash}  ${path}\n`).join(""));
  for (const script of ["postinst", "prerm", "postrm"]) {
    await copyFile(resource(`targets/deb/${script}.sh`), join(control, script));
    await chmod(join(control, script), 0o755);
  }
  const file = debName(model);
  const temporary = join(out, `.${file}.${process.pid}.tmp`);
  try {
    // One thread: what several write depends on their number.
    const compression = ["-Zzstd", "-z6", "--threads-max=1"];
    await run("dpkg-deb", ["--root-owner-group", ...compression, "--build", root, temporary], {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(sourceDateEpoch) },
      timeout: 600_000,
      signal,
    });
    await rename(temporary, join(out, file));
  } finally {
    await rm(temporary, { force: true });
  }
  const path = join(out, file);
  return {
    deb: path,
    package: packageName(model),
    version: model.version,
    bytes: (await lstat(path)).size,
    sha256: await digest(path, "sha256"),
  };
}

/** Unpacks what the package holds: all is root's there, whoever builds. */
async function fill(root: string, { context, layers, overlayInputs }: MadeLayers): Promise<void> {
  const { model, signal, own } = context;
  await mkdir(root);
  const unpack = (archive: AsyncIterable<Buffer>, ...flags: string[]): Promise<void> => {
    const tar = ["tar", "--extract", "--no-same-owner", "--preserve-permissions", ...flags, "-C", root];
    return inputTo(Readable.from(archive, { objectMode: false }), tar, signal);
  };
  await unpack(archiveOf(layers.node));
  await unpack(archiveOf(layers.agent));
  // Virtual environments are made on the host, by its own Python and from its own index.
  // Which release is in force is the machine's to say: a newer package doesn't put its own in force again.
  const current = model.services.map((service) => `--exclude=.${currentLink(service)}`);
  if (layers.python !== undefined) {
    await unpack(archiveOf(layers.python), "--anchored", `--exclude=.${model.paths.opt}/venvs`, ...current);
  }
  await unpack(archiveOfEntries(debEntries(overlayInputs.entries, own, model), sourceDateEpoch));
  if (await exists(join(root, "usr/local/bin/uv"))) {
    await mkdir(dirname(join(root, uvPath)), { recursive: true });
    await rename(join(root, "usr/local/bin/uv"), join(root, uvPath));
    await rm(join(root, "usr/local"), { recursive: true });
  }
}

/** Of every file, in the order of their paths. */
async function digests(root: string, algorithm: "md5"): Promise<{ readonly path: string; readonly hash: string }[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const relative = paths.map((path) => path.slice(root.length + 1)).sort();
  return Promise.all(relative.map(async (path) => ({ path, hash: await digest(join(root, path), algorithm) })));
}

async function sizeKiB(root: string): Promise<number> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    // As dpkg counts: files rounded up, a KiB for anything else.
    entries.map(async (one) =>
      one.isFile() ? Math.ceil((await lstat(join(one.parentPath, one.name))).size / 1024) : 1,
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function digest(path: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
