import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Run } from "../../../lib/run.ts";
import { type Control, formatControl, parseControl } from "./control.ts";

export interface DpkgDeb {
  readonly run: Run;
  readonly signal: AbortSignal;
  /** Seconds since 1970: the time of whatever is newer. */
  readonly epoch: number;
}

/** A package unpacked, its control files in `DEBIAN`. */
export async function unpackDeb(file: string, tree: string, { run, signal }: DpkgDeb): Promise<Control> {
  await run("dpkg-deb", ["--raw-extract", file, tree], { signal, timeout: 120_000 });
  return parseControl(await readFile(join(tree, "DEBIAN/control"), "utf8"));
}

export async function readControl(file: string, { run, signal }: DpkgDeb): Promise<Control> {
  return parseControl((await run("dpkg-deb", ["--field", file], { signal })).stdout);
}

/** Makes a package of a tree: owned by root, with digests of its files. */
export async function packDeb(tree: string, control: Control, file: string, how: DpkgDeb): Promise<void> {
  const { run, signal, epoch } = how;
  await writeFile(join(tree, "DEBIAN/control"), formatControl(control));
  await writeFile(join(tree, "DEBIAN/md5sums"), await md5sums(tree));
  // Not compressed: it is unpacked again at once, and the layer that keeps it is compressed.
  await run("dpkg-deb", ["--root-owner-group", "-Znone", "--build", tree, file], {
    signal,
    timeout: 120_000,
    env: { ...process.env, SOURCE_DATE_EPOCH: `${epoch}` },
  });
}

/** deb-md5sums(5). Configuration files are dpkg's own matter. */
async function md5sums(tree: string): Promise<string> {
  const conffiles = new Set(
    (await readdir(join(tree, "DEBIAN")).then((names) => names.includes("conffiles")))
      ? (await readFile(join(tree, "DEBIAN/conffiles"), "utf8")).split("\n").map((line) => line.replace(/^\//, ""))
      : [],
  );
  const entries = await readdir(tree, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(tree.length + 1))
    .filter((path) => !path.startsWith("DEBIAN/") && !conffiles.has(path))
    .sort();
  const lines: string[] = [];
  for (const path of files) {
    const digest = createHash("md5")
      .update(await readFile(join(tree, path)))
      .digest("hex");
    lines.push(`${digest}  ${path}\n`);
  }
  return lines.join("");
}
