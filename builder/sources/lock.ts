import * as z from "zod/mini";
import { messageOf, StackError } from "../../lib/error.ts";
import { readTextIfAny, writeFileAtomic } from "../../lib/files.ts";
import { suites } from "../../stack/debian.ts";

const choices = z.partialRecord(z.enum(suites), z.string());

/** What is kept beside a definition: choices that a build found, by component and Debian release, and that must not change by themselves. */
const lock = z.catchall(z.object({ schemaVersion: z.literal(1) }), choices);

/** Names of sources by component and Debian release. */
export type Lock = Readonly<Record<string, z.output<typeof choices>>>;

/** `stack.yaml` → `stack.lock.json`. */
export function lockPath(definition: string): string {
  return `${definition.replace(/\.ya?ml$/, "")}.lock.json`;
}

/** The sources chosen earlier; none where there is no file. @throws StackError `bad-lock` */
export async function readLock(definition: string): Promise<Lock> {
  const text = await readTextIfAny(lockPath(definition));
  if (text === undefined) return {};
  try {
    const { schemaVersion: _, ...kept } = lock.parse(JSON.parse(text));
    return kept;
  } catch {
    throw badLock(definition);
  }
}

export function badLock(definition: string): StackError {
  return new StackError("bad-lock", `${lockPath(definition)} is not what a build writes`, {
    hint: "remove it, or take it from version control; --update writes it anew",
  });
}

/** @param setting the one that says where packages may come from @throws StackError `lock-not-written` */
export async function writeLock(definition: string, kept: Lock, setting: string): Promise<void> {
  const path = lockPath(definition);
  const text = `${JSON.stringify({ schemaVersion: 1, ...kept }, undefined, 2)}\n`;
  await writeFileAtomic(path, text).catch((error: unknown) => {
    throw new StackError("lock-not-written", `${path} can't be written: ${messageOf(error)}`, {
      hint: `name one source in ${setting}: then there is nothing to keep`,
    });
  });
}
