import { join } from "node:path";
import * as z from "zod/mini";
import { StackError } from "../../lib/error.ts";
import { readTextIfAny, writeFileAtomic } from "../../lib/files.ts";

/**
 * `state.json`: which machine this is and how long its stages took. It reports; what is
 * to do is decided by facts alone.
 */
const stateDocument = z.object({
  schemaVersion: z.literal(1),
  machineId: z.optional(z.string()),
  /** The container's number on its node and its network cards' addresses, where the number can be seen. */
  place: z.optional(z.object({ guest: z.string(), cards: z.array(z.string()) })),
  /** Machines whose copy this one is, oldest first. */
  copiedFrom: z._default(z.array(z.string()), []),
  /** What was there before the stack came to a machine that is not of the template: what `reset` gives back. */
  host: z.optional(
    z.object({
      at: z.string(),
      /** Files of packages that ours replace; kept in `originals/`. */
      files: z.array(z.string()),
      /** Installed for the stack; written before they are. */
      packages: z.array(z.string()),
      /** Generated for the stack. */
      locale: z.optional(z.string()),
      /** When the stack was taken back, its data kept: the machine is its admin's again. */
      reset: z.optional(z.string()),
    }),
  ),
  stages: z.record(z.string(), z.object({ seconds: z.number(), at: z.string(), status: z.enum(["done", "failed"]) })),
});

export type AgentState = z.output<typeof stateDocument>;

export type Place = NonNullable<AgentState["place"]>;

/** The memory of a machine that is not of the template. */
export type HostRecord = NonNullable<AgentState["host"]>;

export const emptyState: AgentState = { schemaVersion: 1, copiedFrom: [], stages: {} };

/** The state of a directory; the empty one where there is none, or none that can be read as such. */
export async function readState(stateDirectory: string): Promise<AgentState> {
  return parseState(await readTextIfAny(statePath(stateDirectory)));
}

export function parseState(text: string | undefined): AgentState {
  if (text === undefined) return emptyState;
  try {
    return stateDocument.parse(JSON.parse(text));
  } catch {
    return emptyState;
  }
}

/** @throws StackError `state-not-written` */
export async function writeState(stateDirectory: string, state: AgentState): Promise<void> {
  const path = statePath(stateDirectory);
  try {
    await writeFileAtomic(path, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o644 });
  } catch (cause) {
    throw new StackError("state-not-written", `${path} could not be written`, { cause });
  }
}

/** Where a file is kept that ours has replaced. */
export function originalPath(stateDirectory: string, path: string): string {
  return join(stateDirectory, "originals", path);
}

export function statePath(stateDirectory: string): string {
  return join(stateDirectory, "state.json");
}
