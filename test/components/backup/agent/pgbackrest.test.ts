import t from "tap";
import { pgbackrest } from "../../../../components/backup/agent/pgbackrest.ts";
import { StackError } from "../../../../lib/error.ts";
import type { Run } from "../../../../lib/run.ts";

function failing(...detail: readonly string[]): Run {
  return async (_, __, { onLine } = {}) => {
    for (const line of detail) onLine?.(line, "stdout");
    throw new StackError("command-failed", "pgbackrest ended with exit code", { detail: detail.slice(-20) });
  };
}

t.test("what pgBackRest says is told by a code of ours, with its own lines", async (t) => {
  const options = { signal: new AbortController().signal, stanza: "shop" };
  const damaged = failing(
    "P00  ERROR: [026]: raised from local-1 protocol: actual checksum 'd9' does not match expected checksum '31'",
    "            [ChecksumError] on retry after 0ms",
    "P00   INFO: restore command end: aborted with exception [026]",
  );
  await t.rejects(pgbackrest("restore", { ...options, run: damaged }), {
    code: "repository-damaged",
    message: /^pgbackrest restore: raised from .*checksum/,
    detail: ["[ChecksumError] on retry after 0ms"],
  });
  const missing = failing("ERROR: [055]: unable to load info file");
  await t.rejects(pgbackrest("backup", { ...options, run: missing }), { code: "repository-missing" });
  const refused = failing("ERROR: [039]: HTTP request failed with 403 (Forbidden):", ...Array(40).fill("*** header"));
  await t.rejects(pgbackrest("info", { ...options, run: refused }), { code: "target-refused" });
  const answer = [
    "ERROR: [039]: HTTP request failed with 404 (Not Found):",
    "<Error><Code>NoSuchBucket</Code></Error>",
  ];
  await t.rejects(pgbackrest("info", { ...options, run: failing(...answer) }), { code: "target-missing" });
  const stranger = failing("ERROR: [095]: unable to verify certificate presented by 's3.lan:9443': [20] unable to get");
  await t.rejects(pgbackrest("info", { ...options, run: stranger }), { code: "target-unreachable" });
  const full = failing("ERROR: [041]: unable to write '/base/1': [28] No space left on device");
  await t.rejects(pgbackrest("backup", { ...options, run: full }), { code: "disk-full", hint: /in the target/ });
  const other = failing("ERROR: [199]: something else");
  await t.rejects(pgbackrest("backup", { ...options, run: other }), { code: "backup-failed" });
  await t.rejects(pgbackrest("backup", { ...options, run: failing("no word of it") }), { code: "command-failed" });
});
