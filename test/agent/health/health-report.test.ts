import t from "tap";
import { healthReport, liveDocument } from "../../../agent/health/health-report.ts";
import { statusReport } from "../../../agent/health/status-report.ts";
import { healthDocument } from "../../../stack/documents/health.ts";
import { statusDocument } from "../../../stack/documents/status.ts";
import { date, progress, result, snapshot } from "./snapshot.ts";

const secretive = snapshot({
  results: [
    result("postgres", { status: "fail", code: "refused", message: "/run/postgresql: refused" }),
    result("disk"),
  ],
});

t.test("health, readiness, liveness and status keep to their published schemas", async (t) => {
  for (const detail of [true, false]) {
    for (const scope of ["all", "ready", { name: "postgres" }, { name: "data" }] as const) {
      t.ok(healthDocument.parse(healthReport(secretive, scope, detail)));
    }
    for (const state of ["running", "done", "failed"] as const) {
      t.ok(statusDocument.parse(statusReport(snapshot({ progress: progress(state) }), detail)));
    }
    t.ok(statusDocument.parse(statusReport(snapshot({ progress: undefined }), detail)));
  }
  t.ok(healthDocument.parse(liveDocument("stock-analysis")));
});

t.test("the whole is as bad as its worst component, and names it", async (t) => {
  const document = healthReport(secretive, "all", false);
  t.match(document, { status: "fail", checks: { "postgres:roundtrip": [{ status: "fail", observedUnit: "ms" }] } });
  t.same(
    document?.components.filter((one) => one.status !== "pass").map((one) => [one.name, one.code]),
    [["postgres", "refused"]],
  );
});

t.test("messages, versions, ports and paths are for those with the token only", async (t) => {
  t.match(JSON.stringify(healthReport(secretive, "all", true)), /\/run\/postgresql/);
  t.notMatch(JSON.stringify(healthReport(secretive, "all", false)), /\/run\/postgresql|output/);
  const told = JSON.stringify(statusReport(secretive, true));
  for (const detail of [/1\.0\.0/, /\/run\/postgresql/, /5432/, /727 MiB/, /3\.10\.8/]) t.match(told, detail);
  const untold = JSON.stringify(statusReport(secretive, false));
  for (const detail of [/1\.0\.0/, /\/run\/postgresql/, /5432/, /727 MiB/, /3\.10\.8/]) t.notMatch(untold, detail);
});

t.test("readiness waits for provisioning and names its stage; health of a working stack does not", async (t) => {
  const again = snapshot({ progress: progress("running") });
  t.match(healthReport(again, "ready", false), { status: "fail", stage: "redis" });
  t.match(healthReport(again, "all", false), { status: "warn", stage: "redis" });
  t.notOk(healthReport(snapshot(), "ready", false)?.stage);
});

t.test("a full disk is unhealthy but does not make the stack unready", async (t) => {
  const full = snapshot({ results: [result("postgres"), result("disk", { status: "fail", code: "full" })] });
  t.match(healthReport(full, "all", false), { status: "fail" });
  t.match(healthReport(full, "ready", false), { status: "pass" });
});

t.test("one component has its own document, an unknown one none", async (t) => {
  const document = healthReport(secretive, { name: "disk" }, false);
  t.match(document, { status: "pass" });
  t.same(
    document?.components.map((one) => one.name),
    ["disk"],
  );
  t.same(Object.keys(document?.checks ?? {}), ["disk:roundtrip"]);
  t.equal(healthReport(secretive, { name: "kafka" }, false), undefined);
});

t.test("the one word of status follows from provisioning and components", async (t) => {
  const failing = [result("postgres", { status: "fail", code: "refused" })];
  const justDone = progress("done", { finishedAt: new Date(date.getTime() - 5_000).toISOString() });
  const table = [
    { word: "healthy", with: {} },
    { word: "working", with: { progress: undefined } },
    { word: "working", with: { progress: progress("running"), results: failing } },
    { word: "failed", with: { progress: progress("failed") } },
    { word: "failed", with: { results: failing } },
    { word: "working", with: { results: failing, progress: justDone } },
    { word: "working", with: { results: [result("postgres", { status: "fail", code: "starting" })] } },
    { word: "degraded", with: { results: [result("disk", { status: "warn", code: "nearly-full" })] } },
    { word: "degraded", with: { results: [result("disk", {}, 6_000)] } },
    { word: "failed", with: { results: [result("disk", {}, 11_000)] } },
  ];
  for (const row of table) {
    t.equal(statusReport(snapshot(row.with), false).status, row.word, `${row.word}: ${JSON.stringify(row.with)}`);
  }
});
