import { readdir } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import t, { type Test } from "tap";
import { runJobCommand } from "../../../agent/jobs/run-job-command.ts";

const standing = { name: "tidy", schedule: "* * * * *" };
const ranLong = { lastRun: "2100-01-01T00:00:00.000Z", lastSeconds: 1.5 };

/** An agent that answers with these stages and this job, and what `job run tidy` comes to beside it. */
async function runTidy(t: Test, stages: readonly string[], job: object): Promise<{ code: number; said: string }> {
  const document = {
    schemaVersion: 1,
    status: "working",
    stack: { name: "shop", version: "1" },
    stages: stages.map((status, index) => ({ id: `stage-${index}`, title: "", status, actions: 0 })),
    components: [],
    jobs: [{ ...standing, ...job }],
    memory: { totalMiB: 0, cuts: [], shares: [] },
    deviations: [],
  };
  const server = createServer((_, response) => response.end(JSON.stringify(document))).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const folder = t.testdir({ "stack.yaml": `agent:\n  port: ${port}\n`, state: {}, run: { jobs: {} } });
  let said = "";
  const code = await runJobCommand({
    job: "tidy",
    signal: AbortSignal.timeout(60_000),
    userId: 0,
    write: (text) => {
      said += text;
    },
    definitionPath: join(folder, "stack.yaml"),
    stateFolder: join(folder, "state"),
    runFolder: join(folder, "run"),
  });
  t.same(await readdir(join(folder, "run", "jobs")), ["tidy.run"], "it was asked for");
  return { code, said };
}

t.test("the run that was asked for is waited for, and told", async (t) => {
  t.same(await runTidy(t, ["done"], ranLong), { code: 0, said: "tidy: ended well, after 1.50 s.\n" });
});

t.test("while provisioning runs, or where it has failed, none will come, and that is said", async (t) => {
  await t.rejects(runTidy(t, ["done", "running"], {}), { code: "provisioning", hint: /status --wait/ });
  await t.rejects(runTidy(t, [], {}), { code: "provisioning" });
  await t.rejects(runTidy(t, ["failed", "waiting"], {}), { code: "not-provisioned", hint: /stack-agent provision,/ });
});

t.test("a job that runs whatever provisioning does is waited for all the same", async (t) => {
  t.match(await runTidy(t, ["failed"], { always: true, ...ranLong }), { code: 0 });
});
