import { join } from "node:path";
import type { Eyes } from "../../engine/eyes.ts";

/*
 * Each quorum queue has a folder of its own below the broker's `quorum`, its log's: `config` names
 * the queue, entries are in segments, a snapshot, or the write-ahead log that all queues share.
 * Which folder a queue's log is in, Ra remembers in names.dets, which it writes half a second
 * later: a broker killed before that has a queue without a log when it starts. It gives the queue
 * a new one then, whose member waits for ever to be told of a leader; the old log is still there.
 * (Read in ra 2.2.0, ra_directory, and rabbit 3.10.8, rabbit_quorum_queue:recover.)
 */

/** Where the broker keeps them; its node's name is fixed by rabbitmq-env.conf. */
export const quorumFolder = "/var/lib/rabbitmq/mnesia/rabbit@localhost/quorum/rabbit@localhost";

/** A queue whose member has an empty log, and so can't become its leader by itself. */
export interface LeaderlessQueue {
  /** Ra's name of it, VHOST_QUEUE, as an Erlang atom: '/stock-analysis_frontend'. */
  readonly member: string;
  /** The log it had before: the newest of its folders with entries. */
  readonly log: string | undefined;
}

interface RaftLog {
  readonly folder: string;
  readonly member: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly entries: boolean;
}

/** The queues that can't have a leader. Only of use while the broker runs: a start makes new logs. */
export async function leaderlessQueues(eyes: Pick<Eyes, "run" | "names" | "readText">): Promise<LeaderlessQueue[]> {
  const names = await eyes.names(quorumFolder);
  const folders = names.filter((name) => /^[\w-]+$/.test(name));
  const read = await Promise.all(folders.map((folder) => readLog(eyes, folder)));
  const logs = read.flatMap((log) => (log === undefined ? [] : [log]));
  const young = logs.filter((log) => !log.entries).map((log) => log.folder);
  const ahead = await writtenAhead(
    eyes,
    names.filter((name) => name.endsWith(".wal")),
    young,
  );
  const known = logs.map((log) => ({ ...log, entries: log.entries || ahead.has(log.folder) }));
  return newestOfEach(known).flatMap((newest) => {
    if (newest.entries) return [];
    const [older] = newestOfEach(known.filter(({ member, entries }) => member === newest.member && entries));
    return [{ member: newest.member, log: older?.folder }];
  });
}

function newestOfEach(logs: readonly RaftLog[]): RaftLog[] {
  const sorted = [...logs].sort((a, b) => a.created - b.created);
  return [...new Map(sorted.map((log) => [log.member, log])).values()];
}

async function readLog(eyes: Pick<Eyes, "names" | "readText">, folder: string): Promise<RaftLog | undefined> {
  const path = join(quorumFolder, folder);
  const config = await eyes.readText(join(path, "config"));
  const member = config?.match(/\bcluster_name\s*=>\s*('(?:[^'\\]|\\.)*')/)?.[1];
  if (config === undefined || member === undefined) return undefined;
  const created = Number(config.match(/\bcreated\s*=>\s*(\d+)/)?.[1] ?? 0);
  const own = await eyes.names(path);
  const snapshots = await eyes.names(join(path, "snapshots"));
  return { folder, member, created, entries: snapshots.length > 0 || own.some((name) => name.endsWith(".segment")) };
}

/** Which of the logs have entries in the write-ahead log: it names each of those once. */
async function writtenAhead(
  eyes: Pick<Eyes, "run">,
  wals: readonly string[],
  logs: readonly string[],
): Promise<ReadonlySet<string>> {
  if (wals.length === 0 || logs.length === 0) return new Set();
  const { stdout } = await eyes.run(
    "grep",
    ["-aohF", ...logs.map((log) => `--regexp=${log}`), "--", ...wals.map((name) => join(quorumFolder, name))],
    // 1: none of them; 2: the broker has just taken a file away.
    { accept: [0, 1, 2] },
  );
  return new Set(stdout.split("\n"));
}
