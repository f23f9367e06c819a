import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { run } from "../../lib/run.ts";

const project = resolve(import.meta.dirname, "../..");
const limit = 300_000;

export interface InstalledPackage {
  /** The packed file. */
  readonly file: string;
  /** Where the package lies: what a checkout's top is to a checkout. */
  readonly top: string;
  /** Folder of the programs. */
  readonly bin: string;
}

/** `npm pack` in this project. @returns the packed file's path */
export async function packProject(folder: string): Promise<string> {
  await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: project, timeout: limit });
  const name = (await readdir(folder)).find((entry) => entry.endsWith(".tgz"));
  if (name === undefined) throw new Error("npm pack wrote no file");
  return join(folder, name);
}

/** Packs this project and installs the packed file as `npm install -g` does, below a prefix in `folder`. */
export async function installPackage(folder: string): Promise<InstalledPackage> {
  const file = await packProject(folder);
  const prefix = join(folder, "prefix");
  const args = ["install", "--global", "--prefix", prefix, "--no-progress", "--loglevel=error", file];
  await run("npm", args, { cwd: folder, timeout: limit });
  return { file, top: join(prefix, "lib", "node_modules", "proxmox-stack"), bin: join(prefix, "bin") };
}
