import { readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { askForRun, takeAskedRuns } from "../../../agent/jobs/asked-runs.ts";

t.test("runs that are asked for are taken once each, and a job's own request is left", async (t) => {
  const run = t.testdir({ jobs: { drift: "" } });
  await askForRun("tidy", run);
  await askForRun("tidy", run);
  await askForRun("drift", run);
  t.same((await takeAskedRuns(run)).toSorted(), ["drift", "tidy"]);
  t.same(await takeAskedRuns(run), []);
  t.same(await readdir(join(run, "jobs")), ["drift"]);
});

t.test("a link that somebody left there leads nowhere", async (t) => {
  const run = t.testdir({ jobs: {} });
  await symlink(join(run, "elsewhere"), join(run, "jobs", "tidy.run"));
  await askForRun("tidy", run);
  t.same(await readdir(run), ["jobs"]);
});
