import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readTextIfAny, writeFileAtomic } from "../../lib/files.ts";
import type { DriftDocument } from "../../stack/documents/drift.ts";

export function driftPath(runDirectory: string): string {
  return join(runDirectory, "drift.json");
}

/** What was last found; undefined where there is nothing, or nothing that can be read. */
export async function readDrift(runDirectory: string): Promise<DriftDocument | undefined> {
  const text = await readTextIfAny(driftPath(runDirectory));
  return text === undefined ? undefined : parseDrift(text);
}

export function parseDrift(text: string): DriftDocument | undefined {
  try {
    const document: unknown = JSON.parse(text);
    return isDrift(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

/** Readable by all: it holds no secret. */
export async function writeDrift(runDirectory: string, document: DriftDocument): Promise<void> {
  await writeFileAtomic(driftPath(runDirectory), `${JSON.stringify(document)}\n`, { mode: 0o644 });
}

/**
 * Takes out what has just been mended: a stage that is done differs in nothing. Where not
 * all is known then, nothing is kept.
 *
 * @param done the stages that were brought to done
 * @param all whether these are all there are
 */
export async function mendDrift(runDirectory: string, done: readonly string[], all: boolean, now: Date): Promise<void> {
  const before = await readDrift(runDirectory);
  const checkedAt = now.toISOString();
  if (all) return writeDrift(runDirectory, { schemaVersion: 1, checkedAt, differences: [], unseen: [] });
  if (before === undefined || before.error !== undefined) return rm(driftPath(runDirectory), { force: true });
  await writeDrift(runDirectory, {
    ...before,
    checkedAt,
    differences: before.differences.filter(({ stage }) => !done.includes(stage)),
    unseen: before.unseen.filter((what) => !done.some((stage) => what.startsWith(`${stage}: `))),
    ...stillFailing(before, done),
  });
}

function stillFailing({ failing = [] }: DriftDocument, done: readonly string[]): Pick<DriftDocument, "failing"> {
  const left = failing.filter(({ stage }) => !done.includes(stage));
  return left.length === 0 ? { failing: undefined } : { failing: left };
}

/** Enough to tell it from something else: the writer is the same program, of the same version. */
function isDrift(document: unknown): document is DriftDocument {
  return (
    typeof document === "object" &&
    document !== null &&
    "schemaVersion" in document &&
    document.schemaVersion === 1 &&
    "differences" in document &&
    Array.isArray(document.differences)
  );
}
