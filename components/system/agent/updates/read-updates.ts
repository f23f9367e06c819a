import { join } from "node:path";
import { readTextIfAny, writeFileAtomic } from "../../../../lib/files.ts";
import type { UpdatesDocument } from "../../../../stack/documents/updates.ts";

export function updatesPath(runFolder: string): string {
  return join(runFolder, "updates.json");
}

/** What was last found; undefined where nobody has looked since the boot. */
export async function readUpdates(runFolder: string): Promise<UpdatesDocument | undefined> {
  const text = await readTextIfAny(updatesPath(runFolder));
  return text === undefined ? undefined : parseUpdates(text);
}

/** Enough to tell it from something else: the writer is the same program, of the same version. */
function parseUpdates(text: string): UpdatesDocument | undefined {
  try {
    const document = JSON.parse(text) as Partial<UpdatesDocument> | null;
    if (document?.schemaVersion !== 1 || !Array.isArray(document.pending) || !Array.isArray(document.restart)) {
      return undefined;
    }
    return document as UpdatesDocument;
  } catch {
    return undefined;
  }
}

/** Readable by all: it holds names and versions. */
export async function writeUpdates(runFolder: string, document: UpdatesDocument): Promise<void> {
  await writeFileAtomic(updatesPath(runFolder), `${JSON.stringify(document)}\n`, { mode: 0o644 });
}
