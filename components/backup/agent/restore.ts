import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { BackupPart } from "../../../engine/backup-part.ts";
import { takeLock } from "../../../engine/run/take-lock.ts";
import { readSecret } from "../../../engine/secrets/read-secret.ts";
import { asideName } from "../../../engine/state/set-aside.ts";
import { ExitCode, isErrno, StackError } from "../../../lib/error.ts";
import { exists, namesIfAny } from "../../../lib/files.ts";
import { waitFor } from "../../../lib/wait.ts";
import { backupKey } from "../../../stack/components/backup/component.ts";
import { type BackupPartName, backupPartNames, type RestoredPart } from "../../../stack/documents/backups.ts";
import type { Model } from "../../../stack/model.ts";
import { askDatabase } from "./ask-database.ts";
import { type BackedUp, type BackupContext, backedUp } from "./context.ts";
import { bucketKeys } from "./own-repository.ts";
import { fetchParts } from "./parts.ts";
import { type Repository, repositoryOf } from "./repository.ts";
import { type Backup, type RepositoryInfo, repositoryInfo } from "./repository-info.ts";
import {
  forgetRestore,
  restoredFolder,
  resumeRestore,
  type SwitchState,
  switchData,
  writeRestoreState,
} from "./restore-state.ts";
import { refuseTooLarge, removeTrial, restoreApart, writeTrialConfig } from "./trial.ts";

export interface RestoreOptions extends BackupContext {
  /** The moment that is to come back; undefined: all that is in the archive. */
  readonly to: Date | undefined;
  /** A folder with repositories, or one itself; undefined: the definition's target. */
  readonly from: string | undefined;
  /** Of another machine's repository; undefined: this machine's own. */
  readonly key: string | undefined;
  /**
   * What is to come back. Undefined: of this machine's own repository the database alone, for it is wrong and the
   * rest is not; of another's all, for that machine is to be here.
   */
  readonly wanted: readonly RestoredPart[] | undefined;
}

export interface Restored {
  readonly label: string;
  readonly repository: string;
  /** Of the database; undefined where that was left as it is. */
  readonly events: number | undefined;
  /** Where the database is that was there. */
  readonly before: string | undefined;
  /** What was put back for provisioning to put in force. */
  readonly parts: readonly BackupPartName[];
  /** What is to be put back once it has, by restoreLate. */
  readonly late: readonly BackupPartName[];
}

/**
 * Brings the database back, the rest of the stack, or both. The database is made whole beside the one that is there,
 * and then takes its place; all that could stand in the way is found before that. What follows from it (roles'
 * passwords, services) is provision's.
 *
 * @throws StackError `no-backups`, `already-running`, `repository-missing`, `foreign-repository`, `repository-damaged`,
 *   `repository-newer`, `no-backup`, `time-not-covered`, `disk-full`, `backup-unusable`, `aborted`: nothing was changed
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { model, run, log, signal, to } = options;
  const of = backedUp(model);
  const { paths } = model;
  const lock = await takeLock(paths.run, run);
  try {
    await resumeRestore(model, { run, log, signal });
    const { repository, isOwn, isThisMachines } = await findRepository(of, options);
    const into = restoredFolder(of.postgres.dataDirectory);
    await removeTrial({ of, into, run, signal });
    const config = await writeTrialConfig(of, into, repository);
    const info = await repositoryInfo({ run, signal, stanza: of.backup.stanza, config });
    const backup = chooseBackup(info, of, to, options.now());
    const told = { label: backup.label, repository: repository.path, events: undefined, before: undefined };
    const found = await fetchWanted(backup.label, repository, isThisMachines, options);
    if (!found.wanted.includes("database")) return { ...(await putBack(found.parts, options)), ...told };
    if (isOwn) await flushArchive(of, options);
    await refuseTooLarge(into, backup);
    const until = to === undefined ? "all that is in the archive" : to.toISOString();
    log("info", `restoring ${backup.label} of ${repository.path}, up to ${until}`);
    await writeRestoreState(paths.state, { schemaVersion: 1, phase: "apart", label: backup.label });
    const events = await apart(backup, into, config, of, options);
    const { dataDirectory } = of.postgres;
    const before = (await exists(dataDirectory)) ? await asideName(dataDirectory) : undefined;
    const state: SwitchState = {
      schemaVersion: 1,
      phase: "switch",
      label: backup.label,
      before: before ?? dataDirectory,
      foreign: !isOwn,
    };
    await writeRestoreState(paths.state, state);
    log("info", `${events} events are there; they take their place`);
    // From here on there is no way back: it goes to its end.
    await switchData(state, model, { run, signal: new AbortController().signal });
    return { ...told, ...(await putBack(found.parts, options)), events, before };
  } catch (error) {
    await rm(lateFolder(model), { recursive: true, force: true });
    throw error;
  } finally {
    await lock.close();
  }
}

function lateFolder({ paths }: Model): string {
  return join(paths.state, "restored-parts");
}

interface Wanted {
  readonly wanted: readonly RestoredPart[];
  readonly parts: readonly BackupPart[];
}

async function fetchWanted(
  label: string,
  repository: Repository,
  isThisMachines: boolean,
  options: RestoreOptions,
): Promise<Wanted> {
  const { model, wanted: asked, log } = options;
  const wanted = asked ?? (isThisMachines ? ["database"] : ["database", ...backupPartNames]);
  const names = backupPartNames.filter((name) => wanted.includes(name));
  if (names.length === 0) return { wanted, parts: [] };
  const parts = await fetchParts(label, names, lateFolder(model), { ...options, repository });
  const missing = names.filter((name) => !parts.some((part) => part.name === name));
  if (asked !== undefined && missing.length > 0) {
    await rm(lateFolder(model), { recursive: true, force: true });
    throw new StackError("parts-missing", `${label} has no ${missing.join(", ")}`, {
      hint: "stack-agent backup ls tells what each has; nothing was changed",
    });
  }
  if (missing.length > 0) log("info", `${label} has no ${missing.join(", ")}`);
  return { wanted, parts };
}

/** What provisioning puts in force; the others stay in their folder until it has. */
async function putBack(
  parts: readonly BackupPart[],
  options: RestoreOptions,
): Promise<Pick<Restored, "parts" | "late">> {
  const { model, log } = options;
  const now = parts.filter(({ comes }) => comes === "before-provisioning");
  for (const { name, restore: put } of now) {
    log("info", `putting back ${name}`);
    await put(join(lateFolder(model), name), { ...options, signal: new AbortController().signal });
  }
  const late = parts.filter(({ comes }) => comes === "after-provisioning").map(({ name }) => name);
  if (late.length === 0) await rm(lateFolder(model), { recursive: true, force: true });
  return { parts: now.map(({ name }) => name), late };
}

/**
 * Puts back what goes into servers that provisioning has brought up.
 *
 * @throws StackError `already-running`, `slots-differ`, the servers' own; again by another restore, of these parts
 */
export async function restoreLate(late: readonly BackupPartName[], context: BackupContext): Promise<void> {
  const { model, run, log, parts } = context;
  const lock = await takeLock(model.paths.run, run);
  try {
    for (const { name, restore: put } of parts.filter((part) => late.includes(part.name))) {
      log("info", `putting back ${name}`);
      await put(join(lateFolder(model), name), context);
    }
  } finally {
    await rm(lateFolder(model), { recursive: true, force: true });
    await lock.close();
  }
}

async function apart(
  { label }: Backup,
  into: string,
  config: string,
  of: BackedUp,
  { to, run, log, signal, model }: RestoreOptions,
): Promise<number> {
  try {
    return await restoreApart(label, to, { of, into, config, run, log, signal });
  } catch (error) {
    await forgetRestore(model.paths.state);
    throw error;
  }
}

interface Found {
  readonly repository: Repository;
  /** The one that this machine archives into. */
  readonly isOwn: boolean;
  /** That one, or a copy of it. */
  readonly isThisMachines: boolean;
}

async function findRepository({ backup }: BackedUp, { model, from, key }: RestoreOptions): Promise<Found> {
  const { state } = model.paths;
  const own = await readSecret(state, backupKey);
  const used = key ?? own;
  if (used === undefined) {
    throw new StackError("secret-missing", "this machine has no key to a repository yet", {
      hint: "stack-agent status --wait; or give another machine's: --key FILE",
    });
  }
  if (backup.target.kind === "s3" && from === undefined) {
    // Whether it is there, and whose, pgBackRest says.
    const repository = repositoryOf(backup, used, await bucketKeys(backup, state));
    return { repository, isOwn: used === own, isThisMachines: used === own };
  }
  const folder = from ?? (backup.target.kind === "directory" ? backup.target.directory : "/");
  const named = repositoryOf({ ...backup, target: { kind: "directory", directory: folder } }, used);
  const home = repositoryOf(backup, own ?? "").path;
  const path = (await isRepository(folder)) ? folder : named.path;
  if (!(await isRepository(path))) throw await repositoryMissing(folder, named.path);
  await refuseOther(path, backup.stanza);
  return { repository: { path, key: used }, isOwn: used === own && path === home, isThisMachines: used === own };
}

async function isRepository(path: string): Promise<boolean> {
  return (await exists(join(path, "backup"))) && (await exists(join(path, "archive")));
}

async function repositoryMissing(folder: string, wanted: string): Promise<StackError> {
  const isThere = await stat(folder).catch((error: unknown) => {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  });
  if (isThere === undefined) {
    return new StackError("repository-missing", `${folder} is not there`, { hint: "is it mounted?" });
  }
  const others = (await readdir(folder)).filter((name) => /-[0-9a-f]{12}$/.test(name));
  return new StackError("repository-missing", `${wanted} is not there, which is where this key's repository would be`, {
    hint:
      others.length === 0
        ? "is the right folder mounted, and is it whole? A repository has the folders archive and backup"
        : `there are ${others.join(", ")}: give the key of one by --key`,
  });
}

async function refuseOther(path: string, stanza: string): Promise<void> {
  const there = await namesIfAny(join(path, "backup"));
  if (there.includes(stanza) || there.length === 0) return;
  throw new StackError("foreign-repository", `${path} is of the stack ${there.join(", ")}, and this is ${stanza}`, {
    hint: "a database comes back into a stack of its own name; nothing was changed",
  });
}

function chooseBackup(
  { backups, major }: RepositoryInfo,
  { postgres }: BackedUp,
  to: Date | undefined,
  now: Date,
): Backup {
  if (major !== undefined && major !== postgres.major) {
    const relation = Number(major) > Number(postgres.major) ? "newer" : "older";
    throw new StackError(
      `repository-${relation}`,
      `the repository is of PostgreSQL ${major}, and this is ${postgres.major}`,
      {
        hint: `make the container of a template with PostgreSQL ${major}; nothing was changed`,
      },
    );
  }
  if (to !== undefined && to > now) {
    throw new StackError("usage", `${to.toISOString()} is yet to come`, {
      hint: "--to takes a moment that was, e.g. 2026-11-30T14:05:00Z",
      exit: ExitCode.usage,
    });
  }
  const whole = backups.filter(({ damaged }) => !damaged);
  const oldest = whole[0];
  if (oldest === undefined) {
    throw new StackError("no-backup", "there is no whole backup in the repository", {
      hint: "nothing was changed; stack-agent backup now makes one, of the database that is there",
    });
  }
  const chosen = whole.findLast(({ ended }) => to === undefined || ended <= to);
  if (chosen === undefined) {
    throw new StackError("time-not-covered", `the oldest backup is of ${oldest.ended.toISOString()}`, {
      hint: "name a later moment; stack-agent backup ls",
    });
  }
  const newest = postgres.migrations.at(-1)?.version ?? 0;
  if ((chosen.migration ?? 0) > newest) {
    throw new StackError(
      "repository-newer",
      `the backup has migration ${chosen.migration}, and this release knows ${newest}`,
      {
        hint: "make the container of the release that the backup is of, or of a newer one; nothing was changed",
      },
    );
  }
  return chosen;
}

/** What was written until now gets into the archive first, where there is a server to write it. */
async function flushArchive({ postgres }: BackedUp, { run, signal, log }: RestoreOptions): Promise<void> {
  const asking = { run, signal, socket: "/run/postgresql", port: postgres.port, database: "postgres" };
  const file = await askDatabase("select pg_walfile_name(pg_switch_wal())", asking).catch(() => undefined);
  signal.throwIfAborted();
  if (file === undefined) {
    log("warning", "the database doesn't answer: what it wrote last may not be in the archive");
    return;
  }
  const isThere = `select coalesce(last_archived_wal >= '${file}', false) from pg_stat_archiver`;
  await waitFor(async () => (await askDatabase(isThere, asking)) === "t", {
    what: `${file} to be archived`,
    timeout: 60_000,
    interval: 300,
    signal,
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    log("warning", "what was written last can't be archived now, and won't be in what is restored", {
      STACK_ERROR: String(error),
    });
  });
}
