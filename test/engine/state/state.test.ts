import { writeFile } from "node:fs/promises";
import t from "tap";
import { rememberInstance } from "../../../components/system/agent/remember-instance.ts";
import { emptyState, readState, statePath, writeState } from "../../../engine/state/state.ts";
import { testIo } from "../test-io.ts";

t.test("a state that is missing or broken is an empty one: it only reports", async (t) => {
  const folder = t.testdir();
  t.same(await readState(folder), emptyState);
  await writeFile(statePath(folder), '{"schemaVersion":1,"stages"');
  t.same(await readState(folder), emptyState);
});

t.test("a copy remembers itself and what it was copied from", async (t) => {
  const folder = t.testdir();
  const { io } = testIo(folder, []);
  const stages = { redis: { seconds: 2, at: "2026-01-01T00:00:00.000Z", status: "done" as const } };
  await writeState(io.paths.state, { ...emptyState, machineId: "first", stages });
  await rememberInstance.apply({ machineId: "second" }, io);
  t.same(await readState(io.paths.state), { ...emptyState, machineId: "second", copiedFrom: ["first"], stages });
  const place = { guest: "120", cards: ["bc:24:11:00:00:01"] };
  await rememberInstance.apply({ machineId: "second", place }, io);
  const here = await readState(io.paths.state);
  t.same(here, { ...emptyState, machineId: "second", place, copiedFrom: ["first"], stages }, "and where it runs");
});
