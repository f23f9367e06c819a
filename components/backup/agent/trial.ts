import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { accountOwner } from "../../../engine/actions/local-io.ts";
import { disksAt, explainFullDisk } from "../../../engine/run/explain-full-disk.ts";
import { isStackError, StackError } from "../../../lib/error.ts";
import { ensureFolder, exists, writeFileAtomic } from "../../../lib/files.ts";
import { refuseTooLittleRoom } from "../../../lib/refuse-too-little-room.ts";
import { waitFor } from "../../../lib/wait.ts";
import { askDatabase, countEvents } from "./ask-database.ts";
import type { BackedUp, BackupContext } from "./context.ts";
import { pgbackrest } from "./pgbackrest.ts";
import { type Repository, repositoryText } from "./repository.ts";
import type { Backup } from "./repository-info.ts";

export interface TrialOptions extends Pick<BackupContext, "run" | "log" | "signal"> {
  readonly of: BackedUp;
  /** The data directory that is made, beside the real one. */
  readonly into: string;
  /** pgBackRest's configuration of it. */
  readonly config: string;
}

const folder = "/run/stack-agent/trial";
const staticConfig = "/etc/pgbackrest/pgbackrest.conf";
const DAY = 24 * 3_600_000;

/**
 * Configuration for a repository, whose ever it is, and a data directory of another place; PostgreSQL's account
 * reads it.
 *
 * @returns its path
 */
export async function writeTrialConfig({ backup }: BackedUp, into: string, repository: Repository): Promise<string> {
  const { gid } = await accountOwner("postgres:postgres");
  await ensureFolder(folder, { mode: 0o750, uid: 0, gid });
  const text = (await readFile(staticConfig, "utf8"))
    .replace(/^archive-async=.*$/m, "archive-async=n")
    .replace(/^lock-path=.*$/m, "lock-path=/run/postgresql/pgbackrest-trial")
    .replace(/^pg1-path=.*$/m, `pg1-path=${into}`);
  const path = `${folder}/pgbackrest.conf`;
  const own = repositoryText(repository, backup);
  await writeFileAtomic(path, `${own}${text}`, { mode: 0o640, uid: 0, gid });
  return path;
}

/** Also where it lies for the while that a restore or a check takes. */
const roomToRestore = "nothing was changed; make room, or on the node: pct resize VMID rootfs +5G; then again";

/** @throws StackError `disk-full` where what is restored would not fit beside what is there */
export async function refuseTooLarge(into: string, { size: bytes }: Pick<Backup, "size">): Promise<void> {
  await refuseTooLittleRoom({ what: "the backup", folder: dirname(into), bytes, state: "nothing was changed" });
}

/**
 * Restores a backup into a data directory of its own and replays the archive, in a server that nobody reaches.
 * Whatever is wrong with backup or archive shows here, before anything is touched.
 *
 * @param to the moment up to which it is replayed; undefined: all that there is
 * @returns events that it has
 * @throws StackError `time-not-covered`, `backup-unusable`, as pgbackrest does; the directory is gone then
 */
export async function restoreApart(label: string, to: Date | undefined, options: TrialOptions): Promise<number> {
  const { into, log } = options;
  await removeTrial(options);
  try {
    await mkdirOwned(into);
    await fetch(label, options);
    return await replay(to, options, async (socket) => {
      const { run, signal, of } = options;
      log("info", "counting events");
      return countEvents({ run, signal, socket, port: of.postgres.port, database: of.postgres.database });
    });
  } catch (error) {
    // pgBackRest and PostgreSQL say many things where a disk is full, and not always that it is.
    const told = await explainFullDisk(error, () => disksAt(dirname(into)), roomToRestore);
    await removeTrial({ ...options, signal: new AbortController().signal });
    throw told;
  }
}

async function mkdirOwned(into: string): Promise<void> {
  await mkdir(into, { mode: 0o700 });
  await ensureFolder(into, { mode: 0o700, ...(await accountOwner("postgres:postgres")) });
}

/** Takes away what a trial has left, its server first. */
export async function removeTrial({ into, of, run, signal }: Omit<TrialOptions, "config" | "log">): Promise<void> {
  if (await exists(`${into}/postmaster.pid`)) {
    const stop = [`${of.postgres.binDirectory}/pg_ctl`, "stop", "-D", into, "-m", "immediate", "-w"];
    await run("runuser", ["-u", "postgres", "--", ...stop], { cwd: "/", signal, accept: [0, 1] });
  }
  await rm(into, { recursive: true, force: true });
}

async function fetch(label: string, { of, config, run, signal, log }: TrialOptions): Promise<void> {
  let told = 0;
  await pgbackrest("restore", {
    ...{ run, signal, config, stanza: of.backup.stanza },
    // Recovery's settings come with the trial server's own configuration, and go with it.
    args: ["--type=none", `--set=${label}`, "--log-level-console=detail"],
    onLine: (line) => {
      const percent = Number(/ restore file .*, (\d+)(?:\.\d+)?%/.exec(line)?.[1] ?? 0);
      if (percent < told + 10) return;
      told = percent - (percent % 10);
      log("info", `restoring ${label}: ${told} %`);
    },
  });
}

/** Runs the server until it has replayed what it should, and while `use` asks it. */
async function replay<T>(
  to: Date | undefined,
  { of: { postgres, backup }, into, config, run, signal, log }: TrialOptions,
  use: (socket: string) => Promise<T>,
): Promise<T> {
  await writeFileAtomic(`${into}/recovery.signal`, "", await accountOwner("postgres:postgres"));
  await writeFileAtomic(`${folder}/pg_hba.conf`, "local all postgres peer\n");
  await writeFileAtomic(`${folder}/pg_ident.conf`, "");
  await writeFileAtomic(`${folder}/postgresql.conf`, serverConfig({ postgres, backup }, into, config, to));
  const stopped = new AbortController();
  const faults: string[] = [];
  let files = 0;
  const server = run(
    "runuser",
    [
      "-u",
      "postgres",
      "--",
      `${postgres.binDirectory}/postgres`,
      "-D",
      into,
      "-c",
      `config_file=${folder}/postgresql.conf`,
    ],
    {
      cwd: "/",
      signal: AbortSignal.any([signal, stopped.signal]),
      timeout: DAY,
      onLine: (line) => {
        if (
          /\b(FATAL|PANIC): |could not|invalid value|ERROR: \[\d{3}\]/.test(line) &&
          !line.includes("not accepting connections")
        )
          faults.push(line);
        if (line.includes("restored log file")) files += 1;
        if (line.includes("restored log file") && files % 64 === 0)
          log("info", `replaying the archive: ${files} files`);
      },
    },
  );
  let ended = false;
  const end = server.then(
    () => undefined,
    (error: unknown) => error,
  );
  void end.then(() => {
    ended = true;
  });
  const asking = { run, signal, socket: into, port: postgres.port, database: "postgres", timeout: 10_000 };
  try {
    await waitFor(
      async () => {
        if (ended) return true;
        return (await askDatabase("select not pg_is_in_recovery()", asking)) === "t";
      },
      { what: "the archive to be replayed", timeout: DAY, interval: 300, signal },
    );
    if (ended) throw replayFailed(await end, faults, to);
    const result = await use(into);
    const stop = [`${postgres.binDirectory}/pg_ctl`, "stop", "-D", into, "-m", "fast", "-w", "-t", "3600"];
    await run("runuser", ["-u", "postgres", "--", ...stop], { cwd: "/", signal, timeout: DAY });
    await end;
    return result;
  } catch (error) {
    stopped.abort();
    await end;
    throw error;
  }
}

function serverConfig({ postgres, backup }: BackedUp, into: string, config: string, to: Date | undefined): string {
  const get = `pgbackrest --config=${config} --stanza=${backup.stanza} archive-get %f "%p"`;
  return [
    `hba_file = '${folder}/pg_hba.conf'`,
    `ident_file = '${folder}/pg_ident.conf'`,
    "listen_addresses = ''",
    `unix_socket_directories = '${into}'`,
    `port = ${postgres.port}`,
    "shared_buffers = 64MB",
    "jit = off",
    "autovacuum = off",
    "hot_standby = off",
    "lc_messages = 'C'",
    // What it ends on is to be archived by the real server, once this is its data.
    "archive_mode = on",
    "archive_command = '/bin/false'",
    `restore_command = '${get}'`,
    ...(to === undefined
      ? []
      : [
          `recovery_target_time = '${to.toISOString().replace("T", " ").replace("Z", "+00")}'`,
          "recovery_target_action = promote",
        ]),
    "",
  ].join("\n");
}

function replayFailed(error: unknown, faults: readonly string[], to: Date | undefined): StackError {
  const detail = faults.slice(-5);
  if (to !== undefined && faults.some((line) => line.includes("before configured recovery target was reached"))) {
    return new StackError("time-not-covered", `the archive ends before ${to.toISOString()}`, {
      hint: "name an earlier moment, or leave --to out: then all that is there is restored",
      detail,
    });
  }
  return new StackError(
    "backup-unusable",
    "the backup can't be brought to a whole database with what is in the archive",
    {
      hint: "an earlier moment may do: stack-agent backup ls; the lines above are PostgreSQL's",
      detail: detail.length > 0 ? detail : isStackError(error) ? error.detail : [],
      cause: error,
    },
  );
}
