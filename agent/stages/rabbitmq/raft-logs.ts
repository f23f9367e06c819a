import { join } from "node:path";
import type { Eyes } from "../../engine/eyes.ts";

/*
 * Each quorum queue has a folder of its own below the broker's `quorum`, its log's; `config` there
 * names the queue. Which folder is whose, Ra remembers in names.dets, which it writes half a
 * second later: a broker killed before that has a queue without a log when it starts. It makes
 * the queue a new one then, whose member waits for ever to be told of a leader; the old log is
 * still there. A member that has ever been led has its term in meta.dets, written before it is.
 * (Read in ra 2.2.0, ra_directory and ra_log_meta, and rabbit 3.10.8, rabbit_quorum_queue:recover.)
 */

/** Where the broker keeps them; its node's name is fixed by rabbitmq-env.conf. */
export const quorumFolder = "/var/lib/rabbitmq/mnesia/rabbit@localhost/quorum/rabbit@localhost";

/** A queue whose member has never had a leader, and so never will by itself. */
export interface LeaderlessQueue {
  /** Ra's name of it, VHOST_QUEUE, as an Erlang atom: '/stock-analysis_frontend'. */
  readonly member: string;
  /** The folder of its empty log. */
  readonly empty: string;
  /** The folder of the log it had before, the newest that was led. */
  readonly log: string | undefined;
}

interface RaftLog {
  readonly folder: string;
  readonly member: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly led: boolean;
}

/** The queues that can't have a leader. Only of use while the broker runs: its start makes new logs. */
export async function leaderlessQueues(eyes: Pick<Eyes, "names" | "readText">): Promise<LeaderlessQueue[]> {
  const folders = (await eyes.names(quorumFolder)).filter((name) => /^[\w-]+$/.test(name));
  const read = await Promise.all(folders.map((folder) => readLog(eyes, folder)));
  const terms = (await eyes.readText(join(quorumFolder, "meta.dets"))) ?? "";
  const logs = read.flatMap((log) => (log === undefined ? [] : [{ ...log, led: hasTerm(terms, log.folder) }]));
  return newestOfEach(logs).flatMap(({ member, folder, led }) => {
    if (led) return [];
    const [before] = newestOfEach(logs.filter((log) => log.member === member && log.led));
    return [{ member, empty: folder, log: before?.folder }];
  });
}

function newestOfEach(logs: readonly RaftLog[]): RaftLog[] {
  const sorted = [...logs].sort((a, b) => a.created - b.created);
  return [...new Map(sorted.map((log) => [log.member, log])).values()];
}

async function readLog(eyes: Pick<Eyes, "readText">, folder: string): Promise<Omit<RaftLog, "led"> | undefined> {
  const config = await eyes.readText(join(quorumFolder, folder, "config"));
  const member = config?.match(/\bcluster_name\s*=>\s*('(?:[^'\\]|\\.)*')/)?.[1];
  if (config === undefined || member === undefined) return undefined;
  return { folder, member, created: Number(config.match(/\bcreated\s*=>\s*(\d+)/)?.[1] ?? 0) };
}

/**
 * Whether a log's term is more than 0. Tuples of UID and term in Erlang's external form: a byte's
 * number is `a` and the byte, a larger one begins with `b`.
 * (https://www.erlang.org/doc/apps/erts/erl_ext_dist.html)
 */
function hasTerm(terms: string, uid: string): boolean {
  return new RegExp(`${uid}(?:a[^\0]|b)`, "s").test(terms);
}
