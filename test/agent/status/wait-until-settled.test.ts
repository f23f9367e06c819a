import t from "tap";
import { overall, statusReport } from "../../../agent/health/status-report.ts";
import { isSettled } from "../../../agent/status/wait-until-settled.ts";
import { progress, result, snapshot } from "../health/snapshot.ts";

t.test("settled means done and passing or warning by fresh results, and nothing less", async (t) => {
  const table = [
    { settled: true, with: {} },
    { settled: true, with: { results: [result("disk", { status: "warn", code: "nearly-full" })] } },
    { settled: false, with: { progress: undefined } },
    { settled: false, with: { progress: progress("running") } },
    { settled: false, with: { progress: progress("failed") } },
    { settled: false, with: { results: [result("redis", { status: "fail", code: "refused" })] } },
    { settled: false, with: { results: [result("redis", {}, 6_000)] } },
  ];
  for (const row of table) {
    t.equal(isSettled(statusReport(snapshot(row.with), false)), row.settled, JSON.stringify(row.with));
  }
});

t.test("with provisioning's end in the file, an agent that has not heard of it is still at work", async (t) => {
  const now = snapshot({});
  const { components } = statusReport(snapshot({ progress: progress("running") }), false);
  t.equal(overall(now.progress, components, now.date), "working");
  t.equal(overall(now.progress, statusReport(now, false).components, now.date), "healthy");
});
