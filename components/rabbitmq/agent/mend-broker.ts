import type { Action } from "../../../engine/action.ts";
import { tellingLine } from "../../../engine/facts/last-words.ts";
import type { WalFacts } from "./read-wal.ts";

/*
 * What of its own the broker refuses to start with, and what it then can do without. (Tried with
 * 3.10.8 and 4.0.5: each file empty, cut, with zeros behind it, with 64 foreign bytes in it, gone.)
 */

/** A write-ahead log of one of the two Ra systems. */
export interface WalFile extends WalFacts {
  readonly system: RaSystem;
  readonly path: string;
}
/** `quorum`: the quorum queues'; `coordination`: the streams' coordinator's, and RabbitMQ 4's metadata store's. */
export type RaSystem = "quorum" | "coordination";

/** What is in a broker's folder that doesn't come up. */
export interface BrokerFiles {
  /** `/var/lib/rabbitmq/mnesia/rabbit@localhost`. */
  readonly folder: string;
  readonly wals: readonly WalFile[];
  /** Files that should be tables of dets, or Erlang terms, and are not. */
  readonly unreadable: readonly string[];
  /** Names of the files right in the folder. */
  readonly metadata: readonly string[];
}

export interface FailingBroker {
  /** What it logged last. */
  readonly words: readonly string[];
  /** Undefined where it has no folder. */
  readonly files: BrokerFiles | undefined;
}

/** Lines of a report's reason that are worth reading. */
const REASON = 6;

/** Files of terms that the broker does without, and writes anew. */
export const spareTerms = ["cluster_nodes.config", "nodes_running_at_shutdown", "rabbit_serial"] as const;
/** Those that it can't do without: they are metadata, with all of it. */
export const metadataTerms = ["schema_version"] as const;

/** What lets the broker start; nothing where its files are not why it doesn't. */
export function mendBroker({ words, files }: FailingBroker): Action[] {
  if (files === undefined) return [];
  const { folder, wals, unreadable, metadata } = files;
  const aside = (path: string, why: string, lost: string): Action => ({ do: "setAside", why, args: { path, lost } });
  const isMetadata = (path: string): boolean => /\/(schema\.DAT|schema_version)$/.test(path);
  const tables = unreadable
    .filter((path) => !isMetadata(path))
    .map((path) => aside(path, "it can't be read", "nothing: it is written anew"));
  const logs = wals.flatMap((wal) => mendWal(wal, folder, words));
  const whole = logs.filter((action) => action.do === "setAside" && action.args.path.endsWith("/coordination"));
  const mends = [
    // What lies in a folder that goes as a whole goes with it.
    ...[...tables, ...logs].filter(
      (action) => whole.includes(action) || whole.length === 0 || !pathOf(action).startsWith(`${folder}/coordination/`),
    ),
    ...(unreadable.some(isMetadata) ||
    says(words, /Cannot read schema|mnesia_tm crashed|schema_integrity|timeout_waiting_for_tables/)
      ? [metadataAside(folder, metadata)]
      : []),
  ];
  if (mends.length > 0) return mends;
  // Which transactions of several nodes were decided: this broker is alone.
  if (says(words, /decision_tab/)) {
    return [aside(`${folder}/DECISION_TAB.LOG`, brokerSays(words), "nothing: only a cluster's nodes need it")];
  }
  return [];
}

function mendWal(
  { path, system, state, size, sound, records }: WalFile,
  folder: string,
  words: readonly string[],
): Action[] {
  if (state === "sound") return [];
  // A record that isn't any queue's any more the broker doesn't look at.
  if (state === "damaged" && !says(words, /CRC check|wal_checksum_validation_failure/)) return [];
  const why = {
    empty: `the log of ${of[system]} is empty`,
    foreign: `it is no log of ${of[system]}`,
    damaged: `the log of ${of[system]} is damaged at byte ${sound} of ${size}`,
  }[state];
  if (records > 0) {
    return [
      { do: "cutFile", why, args: { path, bytes: sound, lost: `what was written after its first ${sound} bytes` } },
    ];
  }
  if (system === "quorum") {
    const lost = "messages in quorum queues that were in no other file yet";
    return [{ do: "setAside", why, args: { path, lost } }];
  }
  // What is left there speaks of entries that are gone: the broker waits for a leader in vain.
  const lost = "who leads the streams: their messages are there, and they are led anew";
  return [{ do: "setAside", why, args: { path: `${folder}/coordination`, lost } }];
}

const of: Readonly<Record<RaSystem, string>> = { quorum: "quorum queues", coordination: "streams' coordinator" };

/** Users, vhosts, queues, bindings; and the messages of classic queues, which a queue declared anew would delete. */
function metadataAside(folder: string, metadata: readonly string[]): Action {
  const lost =
    "what was declared by hand: users, vhosts, queues, bindings; messages in classic queues and streams. The stack's own are declared anew, its quorum queues with their messages";
  const names = [...metadata, "msg_stores"];
  return {
    do: "setAside",
    why: "the broker's metadata can't be read",
    args: { path: `${folder}/metadata`, names, lost },
  };
}

function pathOf(action: Action): string {
  return "path" in action.args ? action.args.path : "";
}

function says(words: readonly string[], pattern: RegExp): boolean {
  return words.some((line) => pattern.test(line));
}

/** Its reports have many lines; what tells most of the last one, in one. */
export function brokerSays(words: readonly string[]): string {
  const lines = words.map((line) => line.replace(/^\S+ \S+ \[\w+\] \S+ ?/, ""));
  const reasons = lines.map((line, index) =>
    /^ +reason: /.test(line)
      ? lines
          .slice(index, index + REASON)
          .map((part) => part.trim())
          .join(" ")
      : line,
  );
  return tellingLine(reasons, [
    /\*\* FATAL \*\* (.*)/,
    /^((?:exit|error|throw):.+)/,
    /(WAL: record failed CRC check.*)/,
    // What a supervisor says when another has ended.
    /^reason: (?!\{?shutdown|killed|\{?noproc)(.+)/,
  ]);
}
