import { lstat, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod/mini";
import { StackError } from "../../lib/error.ts";
import { linkAtomic, readLinkIfAny, readTextIfAny, syncFolder, writeFileAtomic } from "../../lib/files.ts";

/*
 * A release of the stack on trial. What says which release is in force are a few links and files: the link
 * `current`, the definition, which releases of services are wanted, the user's own files. What they were is kept
 * before one of them changes, and `trial.json` says so. While it is there nothing is decided: whoever finds it, and
 * has the engine's lock, puts all of it back; its removal, one step, is the decision for the new one.
 */

const saved = z.discriminatedUnion("was", [
  z.object({ was: z.literal("absent"), path: z.string() }),
  z.object({ was: z.literal("link"), path: z.string(), target: z.string() }),
  z.object({
    was: z.literal("file"),
    path: z.string(),
    /** Where its content is kept, in the trial's folder. */
    copy: z.string(),
    mode: z.number(),
    uid: z.number(),
    gid: z.number(),
  }),
]);

/** A service that only what is on trial has. */
const addedService = z.object({
  units: z.array(z.string()),
  /** Its units' and its environment, by their paths. */
  files: z.array(z.string()),
  folder: z.string(),
  /** The release that was made for it. */
  release: z.optional(z.string()),
});

const trialDocument = z.object({
  schemaVersion: z.literal(1),
  from: z.string(),
  to: z.string(),
  /** ISO 8601. */
  at: z.string(),
  saved: z.array(saved),
  added: z._default(z.array(addedService), []),
});

export type Trial = z.output<typeof trialDocument>;
export type AddedService = z.output<typeof addedService>;
type Saved = z.output<typeof saved>;

/** Where an upgrade keeps what it needs before its trial; in memory. */
export const upgradeWork = "/run/stack-upgrade";

export function trialFolder(stateDirectory: string): string {
  return join(stateDirectory, "trial");
}

function trialPath(stateDirectory: string): string {
  return join(trialFolder(stateDirectory), "trial.json");
}

/** The trial that is not decided; undefined where there is none. @throws StackError `trial-unreadable` */
export async function readTrial(stateDirectory: string): Promise<Trial | undefined> {
  const text = await readTextIfAny(trialPath(stateDirectory));
  if (text === undefined) return undefined;
  try {
    return trialDocument.parse(JSON.parse(text));
  } catch (cause) {
    throw new StackError("trial-unreadable", `${trialPath(stateDirectory)} is damaged: an upgrade was cut off`, {
      cause,
      hint: `what it changed is kept in ${trialFolder(stateDirectory)}; put it back by hand, then remove that folder`,
    });
  }
}

export interface TrialStart extends Pick<Trial, "from" | "to" | "at"> {
  readonly paths: readonly string[];
  readonly added?: readonly AddedService[];
}

/** Keeps what is at the paths; from here on, until `endTrial`, all of it can be put back. */
export async function beginTrial(
  stateDirectory: string,
  { from, to, at, paths, added = [] }: TrialStart,
): Promise<Trial> {
  const folder = trialFolder(stateDirectory);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const kept = await Promise.all([...new Set(paths)].map((path, index) => keep(path, join(folder, String(index)))));
  const trial: Trial = { schemaVersion: 1, from, to, at, saved: kept, added: [...added] };
  await writeFileAtomic(trialPath(stateDirectory), `${JSON.stringify(trial, null, 2)}\n`, { mode: 0o600 });
  await syncFolder(stateDirectory);
  return trial;
}

async function keep(path: string, copy: string): Promise<Saved> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return { was: "absent", path };
  if (found.isSymbolicLink()) return { was: "link", path, target: (await readLinkIfAny(path)) ?? "" };
  const { mode, uid, gid } = found;
  await writeFileAtomic(copy, await readFile(path), { mode: 0o600 });
  return { was: "file", path, copy, mode: mode & 0o7777, uid, gid };
}

/** Puts all back that was kept, and ends the trial. May be cut off, and done again. */
export async function undoTrial(stateDirectory: string, trial: Trial): Promise<void> {
  for (const one of trial.saved.toReversed()) await putBack(one);
  await endTrial(stateDirectory);
}

async function putBack(one: Saved): Promise<void> {
  if (one.was === "absent") return rm(one.path, { force: true });
  await mkdir(dirname(one.path), { recursive: true });
  if (one.was === "link") return linkAtomic(one.path, one.target);
  await writeFileAtomic(one.path, await readFile(one.copy), { mode: one.mode, uid: one.uid, gid: one.gid });
}

/** The decision: what is in force stays. */
export async function endTrial(stateDirectory: string): Promise<void> {
  await rm(trialPath(stateDirectory), { force: true });
  await syncFolder(trialFolder(stateDirectory));
  await rm(trialFolder(stateDirectory), { recursive: true, force: true });
}
