import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod/mini";
import type { BackupPart, SaveOptions } from "../../../engine/backup-part.ts";
import { isStackError, messageOf, StackError } from "../../../lib/error.ts";
import { refuseTooLittleRoom } from "../../../lib/refuse-too-little-room.ts";
import { type BackupPartName, backupPartNames } from "../../../stack/documents/backups.ts";
import type { Model } from "../../../stack/model.ts";
import { listSnapshots, type ResticOptions, restic, type Snapshot } from "./restic.ts";

/*
 * What is in a backup beside the database: gathered in a folder, and from there, by restic, into its own part of
 * the repository, in the folder of pgBackRest's: who copies the one has the other. A snapshot belongs to the
 * database's backup whose label it has as a tag, and goes with it; the parts that it has are its other tags.
 *
 * restic rather than plain files beside pgBackRest's: they hold secrets and users' hashes, and it encrypts all
 * that it writes, stores what didn't change once, and finds what was damaged. It can't but encrypt: without the key
 * nobody reads them, `encryption: false` or not.
 */

export interface PartsOptions extends Omit<ResticOptions, "cwd"> {
  readonly model: Model;
  readonly parts: readonly BackupPart[];
  readonly log: SaveOptions["log"];
}

/**
 * Saves what there is of each part. One that can't be saved keeps no other from it.
 *
 * @param label of the database's backup that it belongs to
 * @returns the parts that are in it
 * @throws StackError `parts-incomplete`: the others are saved; as restic does
 */
export async function saveParts(
  label: string,
  options: PartsOptions & Pick<SaveOptions, "messages" | "askForJob">,
): Promise<readonly BackupPartName[]> {
  const { model, parts, log, signal } = options;
  const folder = join(model.paths.state, "backup-parts");
  await rm(folder, { recursive: true, force: true });
  try {
    await mkdir(folder, { mode: 0o700 });
    const saved: BackupPartName[] = [];
    const failures: unknown[] = [];
    for (const { name, save } of parts) {
      const own = join(folder, name);
      await mkdir(own, { mode: 0o700 });
      try {
        if (await save(own, options)) saved.push(name);
        else await rm(own, { recursive: true });
      } catch (error) {
        if (signal.aborted) throw error;
        await rm(own, { recursive: true, force: true });
        log("error", `backup: ${name} is not in it: ${messageOf(error)}`);
        failures.push(error);
      }
    }
    const tags = [label, ...saved].flatMap((tag) => ["--tag", tag]);
    await made(["backup", "--host", model.name, ...tags, "."], { ...options, cwd: folder });
    log("info", `backup: with ${saved.join(", ")}`);
    if (failures.length > 0) throw incomplete(failures);
    return saved;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** In a repository that is made where there is none: the database's backup has just gone to the same place. */
async function made(args: readonly string[], options: ResticOptions): Promise<void> {
  try {
    await restic(args, options);
  } catch (error) {
    if (!isStackError(error) || error.code !== "parts-missing") throw error;
    await restic(["init"], options);
    await restic(args, options);
  }
}

function incomplete(failures: readonly unknown[]): StackError {
  return new StackError(
    "parts-incomplete",
    `not all of the stack is in the backup: ${failures.map(messageOf).join("; ")}`,
    {
      hint: "the database is, and what is not named here; stack-agent backup now once it is mended",
      cause: failures[0],
    },
  );
}

/** Takes away what belongs to backups of the database that are gone. @param labels those that are there */
export async function forgetParts(labels: readonly string[], options: ResticOptions): Promise<void> {
  const orphans = (await listSnapshots(options)).filter(({ tags }) => !tags.some((tag) => labels.includes(tag)));
  if (orphans.length > 0) await restic(["forget", "--prune", ...orphans.map(({ id }) => id)], options);
}

/** The parts of each backup of the database, by its label. */
export async function listParts(options: ResticOptions): Promise<ReadonlyMap<string, readonly BackupPartName[]>> {
  const snapshots = await listSnapshots(options);
  return new Map(snapshots.flatMap((one) => one.tags.map((tag) => [tag, partsOf(one)] as const)));
}

function partsOf({ tags }: Snapshot): readonly BackupPartName[] {
  return backupPartNames.filter((name) => tags.includes(name));
}

/**
 * Fetches the parts of a backup, and has each looked at. Nothing of the machine's is touched.
 *
 * @param names those that are asked for
 * @param into a folder that is made, root's alone
 * @returns the parts that are there
 * @throws StackError `disk-full`, `repository-damaged`, `backup-unusable`, as the parts' prove does; the folder is gone then
 */
export async function fetchParts(
  label: string,
  names: readonly BackupPartName[],
  into: string,
  options: PartsOptions,
): Promise<readonly BackupPart[]> {
  const { parts, log } = options;
  await rm(into, { recursive: true, force: true });
  // The last one: a backup that was made again has a label of its own.
  const snapshot = (await listSnapshots(options)).findLast(({ tags }) => tags.includes(label));
  if (snapshot === undefined) return [];
  const there = partsOf(snapshot).filter((name) => names.includes(name));
  const found = parts.filter(({ name }) => there.includes(name));
  for (const name of there) {
    if (!found.some((part) => part.name === name)) log("warning", `the backup has ${name}, which this stack has not`);
  }
  if (found.length === 0) return [];
  await refuseTooLittle(snapshot, into, options);
  try {
    await mkdir(into, { mode: 0o700 });
    const included = found.flatMap(({ name }) => ["--include", `/${name}`]);
    await restic(["restore", snapshot.id, "--target", into, ...included], options);
    for (const { name, prove } of found) await prove(join(into, name), options);
    return found;
  } catch (error) {
    await rm(into, { recursive: true, force: true });
    throw error;
  }
}

async function refuseTooLittle({ id }: Snapshot, into: string, options: ResticOptions): Promise<void> {
  const stats = JSON.parse(await restic(["stats", "--json", "--mode", "restore-size", id], options));
  const { total_size: bytes } = z.object({ total_size: z.number() }).parse(stats);
  const what = "what is in the backup beside the database";
  await refuseTooLittleRoom({ what, folder: dirname(into), bytes, state: "nothing was changed" });
}
