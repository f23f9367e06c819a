import t from "tap";
import { dueSaves, type Persistence, readPersistence } from "../../../../components/redis/agent/persistence.ts";

const MiB = 1024 * 1024;
const now = 1_700_000_000;
const rules = [
  { seconds: 900, changes: 1 },
  { seconds: 60, changes: 10_000 },
];

const idle: Persistence = { saves: false, changes: 0, lastSave: now - 5_000, size: 0, base: 0, failed: [] };

const cases: readonly (readonly [what: string, found: Partial<Persistence>, due: readonly string[]])[] = [
  ["nothing changed", {}, []],
  ["one change, a quarter of an hour ago", { changes: 1, lastSave: now - 900 }, []],
  ["one change, longer ago", { changes: 1, lastSave: now - 901 }, ["BGSAVE"]],
  ["many changes, a minute ago", { changes: 10_000, lastSave: now - 61 }, ["BGSAVE"]],
  ["fewer", { changes: 9_999, lastSave: now - 61 }, []],
  ["a log that is small", { size: 64 * MiB, base: 1 }, []],
  ["a log that has doubled", { size: 200 * MiB, base: 100 * MiB }, ["BGREWRITEAOF"]],
  ["a log that has not", { size: 199 * MiB, base: 100 * MiB }, []],
  ["a log without a base", { size: 65 * MiB, base: 0 }, ["BGREWRITEAOF"]],
  ["what failed is tried again", { failed: ["BGSAVE", "BGREWRITEAOF"] }, ["BGSAVE", "BGREWRITEAOF"]],
];

for (const [what, found, due] of cases) {
  t.test(`due: ${what}`, async (t) => t.same(dueSaves({ ...idle, ...found }, rules, now), due));
}

t.test("what was asked for is due until the node has saved since, whatever it says of changes", async (t) => {
  t.same(dueSaves(idle, [], now, now - 1), ["BGSAVE"]);
  t.same(dueSaves({ ...idle, lastSave: now - 1 }, [], now, now - 1), []);
});

t.test("without rules a log is rewritten all the same", async (t) => {
  const found = { ...idle, changes: 1e9, size: 100 * MiB };
  t.same(dueSaves(found, [], now), ["BGREWRITEAOF"]);
});

t.test("what Redis says is read, a rewrite that waits for its turn too", async (t) => {
  const info = [
    "# Persistence",
    "rdb_changes_since_last_save:7",
    "rdb_bgsave_in_progress:0",
    `rdb_last_save_time:${now}`,
    "rdb_last_bgsave_status:err",
    "aof_rewrite_in_progress:0",
    "aof_rewrite_scheduled:1",
    "aof_last_bgrewrite_status:ok",
    "aof_current_size:300",
    "aof_base_size:200",
    "",
  ].join("\r\n");
  t.same(readPersistence(info), {
    saves: true,
    changes: 7,
    lastSave: now,
    size: 300,
    base: 200,
    failed: ["BGSAVE"],
  });
});
