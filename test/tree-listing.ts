import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../lib/run.ts";

/**
 * Everything that a tree of files is made of, a line a name: type, mode, owner, content's
 * digest, link's target, names of the same file, extended attributes (ACLs and capabilities
 * are such), a file's time.
 *
 * @param within what runs it in namespaces of its own
 */
export async function treeListing(folder: string, within: readonly string[] = []): Promise<string[]> {
  // As an argument: what runs it may not be able to look into this folder.
  const script = await readFile(join(import.meta.dirname, "tree-listing.py"), "utf8");
  const [command = "", ...args] = [...within, "python3", "-c", script, folder];
  const { stdout } = await run(command, args, { timeout: 300_000 });
  return stdout.split("\n").filter((line) => line !== "");
}

/** Where two listings differ: lines that only one has, at most twenty. */
export function differences(left: readonly string[], right: readonly string[]): string[] {
  const [inLeft, inRight] = [new Set(left), new Set(right)];
  return [
    ...left.filter((line) => !inRight.has(line)).map((line) => `- ${line}`),
    ...right.filter((line) => !inLeft.has(line)).map((line) => `+ ${line}`),
  ].slice(0, 20);
}
