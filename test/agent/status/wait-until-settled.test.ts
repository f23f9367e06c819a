import t from "tap";
import { statusReport } from "../../../agent/health/status-report.ts";
import { isSettled } from "../../../agent/status/wait-until-settled.ts";
import { progress, result, snapshot } from "../health/table.ts";

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
