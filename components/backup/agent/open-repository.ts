import { rm, stat } from "node:fs/promises";
import type { Executors } from "../../../engine/action.ts";
import { isErrno, StackError } from "../../../lib/error.ts";
import { ensureFolder, writeFileAtomic } from "../../../lib/files.ts";
import { backupKey, repositoryConfig, spoolFolder } from "../../../stack/components/backup/component.ts";
import { fullBackupUnit } from "../../../stack/components/backup/jobs.ts";
import { bucketKeys } from "./own-repository.ts";
import { pgbackrest } from "./pgbackrest.ts";
import { changeRecord, readRecord } from "./record.ts";
import { openMark, repositoryOf, repositoryText } from "./repository.ts";

/**
 * Says which repository is this machine's own, makes it where it was never made, and lets PostgreSQL archive
 * into it. A repository that was made once is not looked at here: a target that is away stops no boot, and an
 * empty mount point gets no new one.
 */
export const openRepository: Executors["openRepository"] = {
  lock: "backup",
  describe: ({ backup }) => `${backup.stanza} in ${backup.place}`,
  async apply({ backup, postgres }, io) {
    const { run, signal } = io;
    const keys = await bucketKeys(backup, io.paths.state);
    const repository = repositoryOf(backup, await io.secret(backupKey), keys);
    const folder = backup.target.kind === "directory" ? backup.target.directory : undefined;
    const { path } = repository;
    const { repository: made, otherCluster } = await readRecord(io.paths.state);
    const isNew = made?.path !== path || made.place !== backup.place;
    const ids = await io.owner("postgres:postgres");
    if (isNew) {
      // What waits for the archive of the one before is no answer for this one.
      await rm(`${spoolFolder}/archive`, { recursive: true, force: true });
      await rm(`${spoolFolder}/gap`, { force: true });
      await rm(openMark(io.paths.run), { force: true });
      if (folder !== undefined) await makeFolder(folder, path, ids);
    }
    const text = repositoryText(repository, backup);
    const { gid } = ids;
    await writeFileAtomic(repositoryConfig, text, { mode: 0o640, uid: 0, gid });
    if (isNew) {
      if (folder !== undefined) await openSandbox(path, postgres.unit, io);
      const make = otherCluster === true && made !== undefined ? "stanza-upgrade" : "stanza-create";
      await pgbackrest(make, { run, signal, stanza: backup.stanza, timeout: 120_000 });
      const sameDisk = folder !== undefined && (await isOnDataDisk(folder));
      if (sameDisk)
        io.log("warning", `the backups in ${backup.place} lie on the disk of the database: what takes one takes both`);
      await changeRecord(io.paths.state, () => ({
        schemaVersion: 1,
        repository: { path, place: backup.place, since: new Date().toISOString(), ...(sameDisk && { sameDisk }) },
      }));
    } else if (otherCluster === true) {
      await pgbackrest("stanza-upgrade", { run, signal, stanza: backup.stanza, timeout: 120_000 });
      await changeRecord(io.paths.state, ({ otherCluster: _, ...record }) => record);
    }
    await writeFileAtomic(openMark(io.paths.run), `${path}\n`, { mode: 0o644 });
    // Without a backup there is nothing that the archive could be replayed on. One that is being made is of the database,
    // or into the repository, of before.
    if (isNew || otherCluster === true) await run("systemctl", ["restart", "--no-block", fullBackupUnit]);
  },
};

async function makeFolder(directory: string, path: string, ids: { uid: number; gid: number }): Promise<void> {
  const found = await stat(directory).catch((error: unknown) => {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  });
  if (found?.isDirectory() !== true) {
    throw new StackError("target-missing", `the backups' folder ${directory} is not there`, {
      hint: `mount it, on the node: pct set VMID --mp0 SOURCE,mp=${directory}; or make it: mkdir ${directory}`,
    });
  }
  try {
    await ensureFolder(path, { mode: 0o750, ...ids });
  } catch (cause) {
    throw new StackError("target-not-writable", `${path} can't be made PostgreSQL's own`, {
      cause,
      hint: `a file server must let this container's root and its user ${ids.uid} write to ${directory}`,
    });
  }
}

/** PostgreSQL's sandbox has of a folder what was there when it started. */
async function openSandbox(
  path: string,
  unit: string,
  {
    run,
    signal,
  }: { readonly run: Parameters<Executors["openRepository"]["apply"]>[1]["run"]; readonly signal: AbortSignal },
): Promise<void> {
  const { stdout } = await run("systemctl", ["show", "--value", "-p", "MainPID", unit], { signal });
  const pid = stdout.trim();
  const { code } = await run("nsenter", ["--target", pid, "--mount", "--", "test", "-w", path], {
    signal,
    accept: [0, 1],
  });
  if (code !== 0) await run("systemctl", ["restart", unit], { signal, timeout: 180_000 });
}

/** A disk that dies takes both. */
async function isOnDataDisk(directory: string): Promise<boolean> {
  const [target, data] = await Promise.all([stat(directory), stat("/var/lib/postgresql")]);
  return target.dev === data.dev;
}
