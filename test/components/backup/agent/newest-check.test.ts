import t from "tap";
import { newestOutcome } from "../../../../components/backup/agent/newest-check.ts";
import type { BackupRecord } from "../../../../components/backup/agent/record.ts";

const now = Date.parse("2026-11-30T12:00:00Z");
const limits = { newestWithin: 2, provenWithin: 10, check: "30 4 * * 0" };

function hoursAgo(hours: number): string {
  return new Date(now - hours * 3_600_000).toISOString();
}

function record(newest: number | undefined, proven: number | undefined, since = 1000): BackupRecord {
  return {
    schemaVersion: 1,
    repository: { path: "/mnt/backup/shop-0123456789ab", place: "/mnt/backup", since: hoursAgo(since) },
    ...(newest !== undefined && { newest: { label: "F", at: hoursAgo(newest) } }),
    ...(proven !== undefined && {
      proven: { label: "F", at: hoursAgo(proven), triedAt: hoursAgo(proven), events: 1, seconds: 1 },
    }),
  };
}

t.test("a backup and a proof that are new enough pass", async (t) => {
  t.match(newestOutcome(record(47, 239), limits, now), { status: "pass", observedValue: 47 });
});

t.test("none, an old one and an old proof warn", async (t) => {
  t.match(newestOutcome(record(undefined, undefined), limits, now), { status: "warn", code: "no-backup" });
  t.match(newestOutcome({ schemaVersion: 1 }, limits, now), { status: "warn", code: "no-backup" });
  t.match(newestOutcome(record(49, 1), limits, now), { status: "warn", code: "backup-old", observedValue: 49 });
  t.match(newestOutcome(record(1, 241), limits, now), { status: "warn", code: "proof-old" });
  t.match(newestOutcome(record(1, undefined), limits, now), {
    status: "warn",
    code: "proof-old",
    message: /^no backup was ever/,
  });
});

t.test("a new machine has ten minutes for its first backup, and as long as any for its first proof", async (t) => {
  t.match(newestOutcome(record(undefined, undefined, 0.1), limits, now), { status: "pass", code: "first-backup" });
  t.match(newestOutcome(record(1, undefined, 239), limits, now), { status: "pass" });
});

t.test("where none is to be proven, none is missed", async (t) => {
  t.match(newestOutcome(record(1, undefined), { ...limits, check: "off" }, now), { status: "pass" });
});
