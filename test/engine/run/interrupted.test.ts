import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import t from "tap";
import { followProgress } from "../../../agent/health/follow-progress.ts";
import { interrupted, isInterrupted } from "../../../engine/run/interrupted.ts";
import { readProgress } from "../../../engine/run/read-progress.ts";
import { waitFor } from "../../../lib/wait.ts";
import { type ProgressDocument, progressDocument } from "../../../stack/documents/progress.ts";
import { progress } from "../../agent/health/snapshot.ts";

t.test("a run is interrupted when it says it is at work and its process is gone", async (t) => {
  const gone = () => false;
  t.ok(isInterrupted(progress("running", { pid: 7 }), gone));
  t.notOk(isInterrupted(progress("running", { pid: 7 }), () => true));
  t.notOk(isInterrupted(progress("running"), gone), "one that tells no process is believed");
  t.notOk(isInterrupted(progress("done", { pid: 7 }), gone));
  t.notOk(isInterrupted(progress("running", { pid: 1 })), "a process of somebody else is there");
});

t.test("it is told as failed, each stage that was not done with what helps", async (t) => {
  const told = progressDocument.parse(interrupted(progress("running", { pid: 7 })));
  t.equal(told.state, "failed");
  t.match(told.stages, [
    { id: "system", status: "done", error: undefined },
    { id: "redis", status: "failed", error: { code: "interrupted", hint: /stack-agent provision/ } },
  ]);
});

t.test("readers notice a run that is killed, though its document never changes again", async (t) => {
  const folder = t.testdir();
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  t.teardown(() => child.kill("SIGKILL"));
  const document: ProgressDocument = progress("running", { pid: child.pid ?? 0 });
  await writeFile(`${folder}/progress.json`, JSON.stringify(document));
  t.equal((await readProgress(folder))?.state, "running");
  const states: (string | undefined)[] = [];
  const follower = followProgress(folder, (now) => states.push(now?.state), 20);
  t.teardown(follower.stop);
  await waitFor(async () => states.includes("running"), { what: "the run to be seen", timeout: 30_000 });
  child.kill("SIGKILL");
  await once(child, "exit");
  t.equal((await readProgress(folder))?.state, "failed");
  await waitFor(async () => states.at(-1) === "failed", { what: "its end to be seen", timeout: 30_000 });
  t.same(states, ["running", "failed"], "and told once");
});
