import t from "tap";
import { textTable } from "../../../agent/cli/text-table.ts";
import { statusReport } from "../../../agent/health/status-report.ts";
import { statusTable } from "../../../agent/status/status-table.ts";
import type { StatusDocument } from "../../../stack/documents/status.ts";
import { date, progress, result, snapshot } from "../health/snapshot.ts";

const job = { name: "refresh-view", schedule: "* * * * *", runs: 2, failures: 0 };
const ran = {
  ...job,
  lastRun: new Date(date.getTime() - 12_000).toISOString(),
  lastSeconds: 0.1,
  nextRun: new Date(date.getTime() + 48_000).toISOString(),
};

t.test("a healthy stack reads as one, with what it was cut down to and where it differs", async (t) => {
  const table = statusTable(statusReport(snapshot({ jobs: [ran] }), true), date, false);
  t.equal(
    table,
    `stock-analysis 1.0.0: healthy

stage   state  seconds  actions
system  done       0.3  2
redis   done       2.2  4

component  state  code   ms  ports
provision  pass   ok
postgres   pass   ok    1.5  5432
redis      pass   ok    1.5
event-bus  pass   ok    1.5
disk       pass   ok    1.5
jobs       pass   ok

job           schedule   last run    took  next run
refresh-view  * * * * *  12 s ago  0.10 s  in 48 s

memory       8192 MiB
postgres     2048 MiB  shared_buffers
redis     3 × 727 MiB  maxmemory
less than declared:
  redis maxmemory 727 MiB of 2 GiB declared: container has 8 GiB

not as defined:
  rabbitmq is 3.10.8, not 3.12 or later
`,
  );
});

t.test("trouble is followed by the commands that help", async (t) => {
  const next = (status: StatusDocument): string[] =>
    statusTable(status, date, false)
      .split(/next.*:\n/)[1]
      ?.trim()
      .split(/\n\s*/) ?? [];
  const stopped = snapshot({
    results: [
      result("postgres", { status: "fail", code: "refused" }),
      result("event-bus", { status: "fail", code: "unhealthy" }),
      result("disk", { status: "warn", code: "nearly-full" }),
    ],
  });
  t.same(next(statusReport(stopped, true)), [
    "stack-agent logs -n 50 postgres",
    "stack-agent logs -n 50 event-bus",
    "df -h; du -xh --max-depth=2 /var | sort -h | tail",
  ]);
  const error = { code: "no-space", message: "no space left", hint: "df -h", detail: [] };
  const stages = [{ id: "redis", title: "Redis Cluster", status: "failed" as const, actions: 1, error }];
  const failed = statusReport(snapshot({ progress: progress("failed", { stages }) }), true);
  t.same(next(failed), ["df -h", "stack-agent logs provision", "stack-agent provision --plan"]);
  t.match(statusTable(failed, date, false), /redis +failed +1\n {2}no space left\n/);
  t.same(next(statusReport(snapshot({ progress: progress("running") }), true)), ["stack-agent status --wait"]);
});

t.test("without detail the columns that would be empty are not there", async (t) => {
  const table = statusTable(statusReport(snapshot(), false), date, false);
  t.match(table, /^component {2}state {2}code {3}ms$/m);
  t.match(table, /^stock-analysis: healthy$/m);
});

t.test("colours only where they are wanted, and no control character of others gets through", async (t) => {
  const bad = snapshot({ results: [result("redis", { status: "fail", code: "x", message: "\u001b[31mred\nline" })] });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  t.notMatch(statusTable(statusReport(bad, true), date, false), /\u001b/);
  t.match(statusTable(statusReport(bad, true), date, true), "\u001b[31mfail");
  const [, row] = textTable(["a", "b"], [{ cells: ["pass", "x\u0007y"] }], true);
  t.equal(row, "\u001b[32mpass\u001b[0m  x y");
});

t.test(
  "the stack's release in force is told where it isn't the template's, and an upgrade that was cut off",
  async (t) => {
    const of = (release: StatusDocument["release"]): string =>
      statusTable({ ...statusReport(snapshot({ jobs: [ran] }), true), release }, date, false);
    const since = new Date(date.getTime() - 3_600_000).toISOString();
    t.match(of({ id: "1.1.0-3f2a91bc", since }), /^release: 1\.1\.0-3f2a91bc, for 60 min$/m);
    t.notMatch(of({ id: "0" }), "release: ");
    t.match(
      of({ id: "0", cutOff: "1.2.0-0a1b2c3d" }),
      /^the upgrade to 1\.2\.0-0a1b2c3d was cut off; stack-agent provision/m,
    );
  },
);
