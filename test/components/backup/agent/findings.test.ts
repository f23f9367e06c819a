import t from "tap";
import { judgeBackups } from "../../../../components/backup/agent/findings.ts";

const now = Date.parse("2026-11-30T12:00:00Z");
const limits = { newestWithin: 2, provenWithin: 10, check: "30 4 * * 0" };
const repository = { path: "/mnt/backup/shop-0", place: "/mnt/backup", since: "2026-11-01T00:00:00Z" };
const newest = { label: "20261130-020000F", at: "2026-11-30T02:30:00Z" };
const proven = { label: "x", at: "2026-11-29T12:00:00Z", triedAt: "2026-11-29T13:00:00Z", events: 1, seconds: 1 };

t.test("how old the newest and the newest proven are", async (t) => {
  t.strictSame(judgeBackups({ schemaVersion: 1, repository, newest, proven }, limits, now), {
    status: "pass",
    message: "the newest is 9.5 h old; the newest proven is 24.0 h old",
  });
});

t.test("what is too old is told with the command that mends it", async (t) => {
  t.match(judgeBackups({ schemaVersion: 1, repository, proven }, limits, now), {
    status: "warn",
    message: /there is no backup yet/,
    hint: /^stack-agent backup now/,
  });
  const old = { ...proven, at: "2026-11-15T12:00:00Z" };
  t.match(judgeBackups({ schemaVersion: 1, repository, newest, proven: old }, limits, now), {
    status: "warn",
    message: /the newest proven is 15.0 days old/,
    hint: /^stack-agent backup check/,
  });
});
