import { readFile, stat } from "node:fs/promises";
import t from "tap";
import { progressPath, progressWriter, trackProgress } from "../../../engine/run/progress.ts";
import { type ProgressDocument, progressDocument } from "../../../stack/documents/progress.ts";

const first: ProgressDocument = {
  schemaVersion: 1,
  state: "running",
  startedAt: "2026-01-01T00:00:00.000Z",
  stages: [{ id: "system", title: "System", status: "waiting", actions: 0 }],
  memory: { totalMiB: 8192, cuts: [], shares: [] },
  deviations: [],
};

t.test("what is on disk is whole and the newest after a flush, readable by all", async (t) => {
  const folder = t.testdir();
  const progress = trackProgress(first, progressWriter(folder));
  for (let actions = 0; actions < 50; actions += 1)
    progress.stage("system", { status: "running", actions, action: "x" });
  progress.stage("system", { status: "done", action: undefined, seconds: 1.5 });
  await progress.flush();
  const document = progressDocument.parse(JSON.parse(await readFile(progressPath(folder), "utf8")));
  t.same(document.stages, [{ id: "system", title: "System", status: "done", actions: 49, seconds: 1.5 }]);
  t.equal((await stat(progressPath(folder))).mode & 0o777, 0o644);
});

t.test("writes never overlap, and those that would be overtaken are left out", async (t) => {
  let writing = 0;
  let writes = 0;
  const progress = trackProgress(first, async () => {
    writing += 1;
    writes += 1;
    t.equal(writing, 1);
    await new Promise((resolve) => setImmediate(resolve));
    writing -= 1;
  });
  for (let actions = 0; actions < 100; actions += 1) progress.stage("system", { actions });
  await progress.flush();
  t.ok(writes <= 3, `${writes} writes`);
});

t.test("a write that failed is told by the flush", async (t) => {
  const progress = trackProgress(first, async () => {
    throw new Error("no space");
  });
  await t.rejects(progress.flush(), { message: "no space" });
});
