import type { Action } from "../../../engine/action.ts";
import { tellingLine } from "../../../engine/facts/last-words.ts";
import type { RedisNode } from "../../../stack/components/redis/model.ts";
import { type AppendOnlyFiles, mendAppendOnly, startAnew } from "./append-only.ts";

/** A node that starts again and again, and never comes up; or whose log has lost its manifest. */
export interface FailingNode {
  readonly port: number;
  /** What it logged last. */
  readonly words: readonly string[];
  /** Undefined where it has no append-only folder. */
  readonly log: AppendOnlyFiles | undefined;
}

/** What a node says it can't read, where it is its own file. */
const aboutLog = /append.?only|AOF|RDB|loading DB/i;
const aboutCluster = /cluster config file|nodes\.conf/i;

/** What lets the node start; nothing where its files are not why it doesn't. */
export function mendNode({ words, log }: FailingNode, { dataDirectory }: Pick<RedisNode, "dataDirectory">): Action[] {
  const says = nodeSays(words);
  if (aboutCluster.test(says)) {
    const path = `${dataDirectory}/nodes.conf`;
    const lost = "who this node was in the cluster: it joins anew and takes its slots again";
    return [{ do: "setAside", why: says, args: { path, lost } }];
  }
  if (log === undefined) return [];
  const mends = mendAppendOnly(log);
  if (mends.length > 0 || !log.checked) return mends;
  // redis-check-aof can read what the server can't.
  return aboutLog.test(says) ? [startAnew(log.folder, says)] : [];
}

/** `PID:ROLE DATE TIME # TEXT`: # marks what is wrong. Lines of its configuration, which it quotes, may hold a password. */
export function nodeSays(words: readonly string[]): string {
  const said = words.filter((line) => !/^(>>>|\d+:signal-handler)/.test(line));
  return tellingLine(said, [/^\d+:\w \d.* # (.*)$/, /FATAL CONFIG FILE ERROR/]);
}
