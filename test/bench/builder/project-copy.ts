import { appendFile, cp, symlink } from "node:fs/promises";
import { join, relative, resolve } from "node:path";

const project = resolve(import.meta.dirname, "../../..");
const left = new Set([".git", ".tap", "bench", "bundled", "dist", "node_modules"]);

/** A copy of this project to edit, with the packages of the original. @returns its top */
export async function copyProject(folder: string): Promise<string> {
  const copy = await freshCheckout(join(folder, "project"));
  await symlink(join(project, "node_modules"), join(copy, "node_modules"));
  return copy;
}

/** What a clone of this project brings, and no package. @returns its top, `copy` */
export async function freshCheckout(copy: string): Promise<string> {
  await cp(project, copy, { recursive: true, filter: (path) => !left.has(relative(project, path)) });
  return copy;
}

/** Edits of a copy that each change the template, with a number that makes every edit another. */
export const edits = {
  overlay: (copy: string, number: number) =>
    appendFile(join(copy, "rootfs-overlay", "etc", "motd.ejs"), `edit ${number}\n`),
  agent: (copy: string, number: number) =>
    appendFile(join(copy, "agent", "cli.ts"), `export const edit${number} = ${number};\n`),
} as const;
