import { join } from "node:path";
import * as z from "zod/mini";
import { readTextIfAny } from "../../lib/files.ts";

const history = z.object({
  schemaVersion: z.literal(1),
  release: z.string(),
  previous: z.optional(z.string()),
  /** ISO 8601. */
  since: z.string(),
});

export type ReleaseHistory = z.output<typeof history>;

/** Since when the release is in force, and which was before it. */
export function historyPath(stateDirectory: string): string {
  return join(stateDirectory, "stack-release.json");
}

/** It only tells: a damaged one is none. */
export async function readHistory(stateDirectory: string): Promise<ReleaseHistory | undefined> {
  const parsed = history.safeParse(parseJson(await readTextIfAny(historyPath(stateDirectory))));
  return parsed.success ? parsed.data : undefined;
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
