import * as z from "zod/mini";
import { messageOf, StackError } from "../../lib/error.ts";
import { readTextIfAny, writeFileAtomic } from "../../lib/files.ts";
import { brokerSources } from "../../stack/components/rabbitmq/sources.ts";
import { suites } from "../../stack/debian.ts";

/** What is kept beside a definition: choices that a build found, by Debian release, and that must not change by themselves. */
const lock = z.strictObject({
  schemaVersion: z.literal(1),
  rabbitmq: z.partialRecord(z.enum(suites), z.enum(brokerSources)),
});
export type Lock = z.output<typeof lock>["rabbitmq"];

/** `stack.yaml` → `stack.lock.json`. */
export function lockPath(definition: string): string {
  return `${definition.replace(/\.ya?ml$/, "")}.lock.json`;
}

/** The sources chosen earlier; none where there is no file. @throws StackError `bad-lock` */
export async function readLock(definition: string): Promise<Lock> {
  const path = lockPath(definition);
  const text = await readTextIfAny(path);
  if (text === undefined) return {};
  try {
    return lock.parse(JSON.parse(text)).rabbitmq;
  } catch {
    throw new StackError("bad-lock", `${path} is not what a build writes`, {
      hint: "remove it, or take it from version control; --update writes it anew",
    });
  }
}

/** @throws StackError `lock-not-written` */
export async function writeLock(definition: string, rabbitmq: Lock): Promise<void> {
  const path = lockPath(definition);
  const text = `${JSON.stringify({ schemaVersion: 1, rabbitmq } satisfies z.output<typeof lock>, undefined, 2)}\n`;
  await writeFileAtomic(path, text).catch((error: unknown) => {
    throw new StackError("lock-not-written", `${path} can't be written: ${messageOf(error)}`, {
      hint: "name one source in rabbitmq.sources: then there is nothing to keep",
    });
  });
}
