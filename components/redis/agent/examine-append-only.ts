import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../../lib/error.ts";
import type { Run } from "../../../lib/run.ts";
import { type AppendOnlyFiles, manifestName, type Part, partName } from "./append-only.ts";

const CHECK_TIMEOUT = 10 * 60_000;

/** Looks at a node's append-only folder, each part by the server's own tool; undefined where there is none. */
export async function examineAppendOnly(
  folder: string,
  run: Run,
  signal: AbortSignal,
): Promise<AppendOnlyFiles | undefined> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  });
  if (names === undefined) return undefined;
  const manifest = await readFile(join(folder, manifestName), "latin1").catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return undefined;
    if (isErrno(error, "EISDIR")) return "";
    throw error;
  });
  const parts: (Part | undefined)[] = [];
  // One after another: the machine is at work for those that are well.
  for (const name of names.filter((each) => partName.test(each)))
    parts.push(await examinePart(folder, name, run, signal));
  const checked = parts.filter((part) => part !== undefined);
  return { folder, manifest, parts: checked, checked: checked.length === parts.length };
}

/** Undefined where the tool may not open it. */
async function examinePart(folder: string, name: string, run: Run, signal: AbortSignal): Promise<Part | undefined> {
  const path = join(folder, name);
  const file = await stat(path);
  if (!file.isFile()) return { name, size: 1, sound: undefined, zeros: false };
  const { size } = file;
  if (size === 0) return { name, size, sound: 0, zeros: false };
  // Without an answer to its question, whether to mend, it mends nothing.
  const { stdout, stderr } = await run("redis-check-aof", [path], { accept: [0, 1], timeout: CHECK_TIMEOUT, signal });
  if (/Cannot open file/.test(stdout + stderr)) return undefined;
  const told = /\bok_up_to=(\d+)/.exec(stdout + stderr)?.[1];
  const sound = told === undefined ? undefined : Number(told);
  return { name, size, sound, zeros: sound !== undefined && sound < size && (await isZeros(path, sound)) };
}

async function isZeros(path: string, start: number): Promise<boolean> {
  for await (const chunk of createReadStream(path, { start })) {
    if ((chunk as Buffer).some((byte) => byte !== 0)) return false;
  }
  return true;
}
