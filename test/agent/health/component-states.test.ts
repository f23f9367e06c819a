import t from "tap";
import { checkState, componentStates } from "../../../agent/health/component-states.ts";
import { healthReport } from "../../../agent/health/health-report.ts";
import type { DriftDocument } from "../../../stack/documents/drift.ts";
import { now, progress, result, snapshot } from "./snapshot.ts";

t.test("a result counts by its age: a pass that is too old is never served as one", async (t) => {
  const table = [
    { was: "pass", age: 0, status: "pass", code: "ok" },
    { was: "pass", age: 5_000, status: "pass", code: "ok" },
    { was: "pass", age: 5_001, status: "warn", code: "stale" },
    { was: "pass", age: 10_000, status: "warn", code: "stale" },
    { was: "pass", age: 10_001, status: "fail", code: "stale" },
    { was: "warn", age: 5_001, status: "warn", code: "ok" },
    { was: "warn", age: 10_001, status: "fail", code: "stale" },
    { was: "fail", age: 60_000, status: "fail", code: "ok" },
  ] as const;
  for (const row of table) {
    const state = checkState(result("redis", { status: row.was }, row.age), now, 2_000);
    t.match(state, { status: row.status, code: row.code, ageMs: row.age }, `${row.was} of ${row.age} ms`);
  }
});

t.test("a component with several checks is as bad as its worst one", async (t) => {
  const results = [
    result("postgres"),
    { ...result("postgres", { status: "warn", code: "old-xmin" }, 900), check: "postgres:xmin", latencyMs: 7 },
  ];
  const state = componentStates(snapshot({ results })).find((one) => one.name === "postgres");
  t.match(state, { status: "warn", code: "old-xmin", latencyMs: 7, ageMs: 900 });
});

t.test("provisioning is a component: waiting and failed fail, running warns, done passes", async (t) => {
  const failed = progress("failed", {
    stages: [
      {
        id: "redis",
        title: "Redis Cluster",
        status: "failed",
        actions: 1,
        error: { code: "x", message: "no slots", detail: [] },
      },
    ],
  });
  const table = [
    { progress: undefined, status: "fail", code: "waiting" },
    { progress: progress("running"), status: "warn", code: "running" },
    { progress: progress("done"), status: "pass", code: "ok" },
    { progress: failed, status: "fail", code: "failed", message: "redis: no slots" },
  ];
  for (const { progress, ...expected } of table) {
    t.match(componentStates(snapshot({ progress }))[0], { name: "provision", ...expected }, expected.code);
  }
});

t.test("a job that failed warns and is named", async (t) => {
  const job = { name: "refresh-view", schedule: "* * * * *", runs: 3, failures: 1 };
  const fine = componentStates(snapshot({ jobs: [job] })).find((one) => one.name === "jobs");
  t.match(fine, { status: "pass", code: "ok" });
  const bad = componentStates(snapshot({ jobs: [{ ...job, lastError: "refused" }] })).find(
    (one) => one.name === "jobs",
  );
  t.match(bad, { status: "warn", code: "job-failed", message: "refresh-view: refused" });
});

t.test("drift warns and is named, never fails; a look that failed says nothing of the machine", async (t) => {
  const difference = (what: string) => ({ stage: "redis", do: "writeFile", what, why: "content differs", mend: "" });
  const drift: DriftDocument = {
    schemaVersion: 1,
    checkedAt: "2026-01-02T03:04:00.000Z",
    differences: [],
    unseen: [],
  };
  const of = (found: DriftDocument | undefined) =>
    componentStates(snapshot({ drift: found })).find(({ name }) => name === "drift");
  t.equal(of(undefined), undefined);
  t.match(of(drift), { status: "pass", code: "ok", ageMs: 5000 });
  t.match(of({ ...drift, differences: [difference("/etc/a")] }), {
    status: "warn",
    code: "drifted",
    message: "redis: /etc/a: content differs (stack-agent drift)",
  });
  t.match(of({ ...drift, differences: [difference("/etc/a"), difference("/etc/b")] }), {
    message: "2 differences, first redis: /etc/a: content differs (stack-agent drift)",
  });
  t.equal(of({ ...drift, error: { code: "x", message: "x", detail: [] } }), undefined);
  const drifted = snapshot({ drift: { ...drift, differences: [difference("/etc/a")] } });
  t.equal(healthReport(drifted, "ready", false)?.status, "pass", "and the stack is ready");
  t.match(healthReport(drifted, "all", true), {
    status: "warn",
    checks: { "drift:state": [{ status: "warn", output: /\/etc\/a/ }] },
  });
  t.notMatch(JSON.stringify(healthReport(drifted, "all", false)), "/etc/a", "without a token no path is told");
});

t.test(
  "a server that starts again and again is told with its last word, where it fails and nowhere else",
  async (t) => {
    const failing = [
      { stage: "redis", unit: "redis-server@6380.service", says: "Bad file format", help: "stack-agent provision" },
      { stage: "services", unit: "stock-analysis-frontend.service", says: "KeyError: 'X'", help: "journalctl" },
    ];
    const drift: DriftDocument = {
      schemaVersion: 1,
      checkedAt: "2026-01-01T00:00:00Z",
      differences: [],
      unseen: [],
      failing,
    };
    const results = [
      result("redis", { status: "fail", code: "refused", message: "node 6380 does not answer" }),
      result("postgres"),
      result("frontend", { status: "fail", code: "refused" }),
    ];
    const states = new Map(componentStates(snapshot({ results, drift })).map((state) => [state.name, state]));
    t.equal(
      states.get("redis")?.message,
      "node 6380 does not answer; redis-server@6380.service starts again and again: Bad file format (stack-agent provision)",
    );
    t.match(states.get("frontend")?.message, /stock-analysis-frontend\.service starts again and again: KeyError/);
    t.equal(states.get("postgres")?.message, undefined);
    t.match(states.get("drift"), {
      status: "warn",
      code: "failing",
      message: /^redis-server@6380\.service starts again/,
    });
    const document = healthReport(snapshot({ results, drift }), { name: "redis" }, true);
    t.match(document?.checks["redis:roundtrip"], [
      { output: /does not answer; redis-server@6380\.service starts again/ },
    ]);
    const well = componentStates(snapshot({ results: [result("redis")], drift }));
    t.equal(well.find(({ name }) => name === "redis")?.message, undefined, "by then it is well again");
  },
);
