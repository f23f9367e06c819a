import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import t, { type Test } from "tap";
import { stackJobs } from "../../../agent/jobs/jobs.ts";
import { requestJob } from "../../../agent/jobs/request-job.ts";
import { waitFor } from "../../../lib/wait.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import { resolve } from "../../../stack/resolve.ts";

async function runFolder(t: Test): Promise<{ readonly run: string; readonly requests: () => Promise<string[]> }> {
  const run = t.testdir();
  await mkdir(join(run, "jobs"));
  return { run, requests: () => readdir(join(run, "jobs")) };
}

t.test("a job is asked for by a file of its name, and has ended when the file is gone", async (t) => {
  const { run, requests } = await runFolder(t);
  let ended = false;
  const asked = requestJob("drift", run, new AbortController().signal).then(() => {
    ended = true;
  });
  await waitFor(async () => (await requests()).length > 0, { what: "the request", timeout: 20_000 });
  t.same(await requests(), ["drift"]);
  t.equal(ended, false);
  await rm(join(run, "jobs/drift"));
  await asked;
});

t.test("one that was asked for by somebody else is waited for, whoever's the request is", async (t) => {
  const { run } = await runFolder(t);
  await writeFile(join(run, "jobs/pending"), "root's");
  const asked = requestJob("pending", run, new AbortController().signal);
  await setTimeout(300);
  t.equal(await readFile(join(run, "jobs/pending"), "utf8"), "root's", "root's file is not the agent's to write");
  await rm(join(run, "jobs/pending"));
  await asked;
});

t.test("a request that is not waited for any more is taken back", async (t) => {
  const { run, requests } = await runFolder(t);
  const stop = new AbortController();
  const asked = requestJob("drift", run, stop.signal);
  await waitFor(async () => (await requests()).length > 0, { what: "the request", timeout: 20_000 });
  stop.abort();
  await t.rejects(asked, { code: "aborted" });
  t.same(await requests(), []);
});

t.test("the definition says when the machine is looked at, or that it never is", async (t) => {
  const model = (agent: string) =>
    resolve(
      parseDefinition(`name: a\nversion: 1.0.0\nservices: { api: { port: 8001 } }\nagent: ${agent}\n`, "stack.yaml"),
    );
  const unit = (agent: string) => model(agent).units.find((spec) => spec.unit === "stack-job@drift.path");
  t.match(await stackJobs(model("{}")), [{ name: "drift", schedule: "*/15 * * * *" }]);
  t.match(unit("{}"), { want: "enabled", running: true });
  t.match(await stackJobs(model('{ drift: "0 3 * * *" }')), [{ schedule: "0 3 * * *" }]);
  const without = (await stackJobs(model("{ drift: off }"))).map(({ name }) => name);
  t.same(without, ["pending", "updates"], "YAML's off is a word here");
  t.match(unit("{ drift: off }"), { want: "disabled", running: undefined });
  t.throws(() => model("{ drift: sometimes }"), { code: "definition-invalid", detail: [/"off" or a cron expression/] });
});
