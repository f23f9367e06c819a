import type { Model } from "../../../stack/model.ts";
import { type Board, type Panel, upWords } from "../board.ts";
import { rate, series } from "../series.ts";

/** The Redis Cluster, a series a node. */
export function redis(stack: Model): readonly Board[] {
  if (stack.redis === undefined) return [];
  return [
    {
      id: "redis",
      title: "Redis Cluster",
      rows: [
        { title: "Nodes", panels: nodes },
        { title: "Keys and memory", panels: memory },
        { title: "Data on disk", panels: persistence },
      ],
    },
  ];
}

const legend = "{{node}}";

const nodes: readonly Panel[] = [
  {
    title: "State",
    about: "In the container: stack-agent health redis.",
    shape: "states",
    unit: "number",
    words: upWords,
    queries: [{ expr: series("stack_redis_node_up"), legend }],
  },
  {
    title: "Commands",
    shape: "lines",
    unit: "per second",
    queries: [{ expr: rate("stack_redis_node_commands_total"), legend }],
  },
  {
    title: "Clients",
    about: "Of maxclients.",
    shape: "lines",
    unit: "ratio",
    limits: { warning: 0.9 },
    queries: [{ expr: `${series("stack_redis_node_clients")} / ${series("stack_redis_node_clients_limit")}`, legend }],
  },
];

const lookUps = `(${rate("stack_redis_node_keyspace_hits_total")} + ${rate("stack_redis_node_keyspace_misses_total")})`;
const used = series("stack_redis_node_memory_used_bytes");

const memory: readonly Panel[] = [
  {
    title: "Memory in use",
    about: "Of maxmemory. Full is no fault: keys make way by the policy that the definition names.",
    shape: "lines",
    unit: "ratio",
    width: 6,
    queries: [{ expr: `${used} / ${series("stack_redis_node_memory_limit_bytes")}`, legend }],
  },
  {
    title: "Keys",
    shape: "areas",
    unit: "number",
    width: 6,
    queries: [{ expr: series("stack_redis_node_keys"), legend }],
  },
  {
    title: "Look-ups that found their key",
    shape: "lines",
    unit: "ratio",
    width: 6,
    queries: [{ expr: `${rate("stack_redis_node_keyspace_hits_total")} / ${lookUps}`, legend }],
  },
  {
    title: "Keys gone",
    shape: "lines",
    unit: "per second",
    width: 6,
    queries: [
      { expr: rate("stack_redis_node_evicted_keys_total"), legend: "{{node}} evicted" },
      { expr: rate("stack_redis_node_expired_keys_total"), legend: "{{node}} expired" },
    ],
  },
];

const persistence: readonly Panel[] = [
  {
    title: "Saving",
    about: "Whether the last snapshot, write and rewrite of the log succeeded.",
    shape: "states",
    unit: "number",
    width: 6,
    words: { 1: { text: "succeeds", color: "green" }, 0: { text: "fails", color: "red" } },
    queries: [{ expr: series("stack_redis_node_persistence_up"), legend }],
  },
  {
    title: "Since the last snapshot",
    shape: "lines",
    unit: "duration",
    width: 6,
    queries: [{ expr: `time() - ${series("stack_redis_node_last_save_timestamp_seconds")}`, legend }],
  },
  {
    title: "Changes since then",
    about: "The append-only log has them.",
    shape: "lines",
    unit: "number",
    width: 6,
    queries: [{ expr: series("stack_redis_node_unsaved_changes"), legend }],
  },
  {
    title: "Standstill for a fork",
    shape: "lines",
    unit: "seconds",
    width: 6,
    queries: [{ expr: series("stack_redis_node_last_fork_seconds"), legend }],
  },
];
