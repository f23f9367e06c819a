import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Run } from "../../../lib/run.ts";

/** The interpreter's name is fixed by the architecture's ABI. */
export const interpreter = "ld-linux-x86-64.so.2";

/** Paths of a tree's ELF files, sorted; links are not followed. */
export async function elfFiles(tree: string): Promise<string[]> {
  const entries = await readdir(tree, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found: string[] = [];
  for (const file of files) if (await isElf(file)) found.push(file);
  return found.sort();
}

async function isElf(path: string): Promise<boolean> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.toString("latin1") === "\x7fELF";
  } finally {
    await handle.close();
  }
}

/** Names of the libraries that a file asks for itself. */
export async function neededBy(path: string, run: Run, signal: AbortSignal): Promise<string[]> {
  const { stdout } = await run("patchelf", ["--print-needed", path], { signal });
  return stdout.split("\n").filter((line) => line !== "");
}

/** Has a program, or a library that one loads, use the libraries of a folder before the system's. */
export async function relocateElf(path: string, folder: string, run: Run, signal: AbortSignal): Promise<void> {
  // A library has no interpreter: patchelf says so by its exit code.
  const { code } = await run("patchelf", ["--print-interpreter", path], { signal, accept: [0, 1] });
  const program = code === 0 ? ["--set-interpreter", join(folder, interpreter)] : [];
  await run("patchelf", [...program, "--set-rpath", folder, path], { signal });
}
