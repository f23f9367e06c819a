import { join } from "node:path";
import t, { type Test } from "tap";
import { readDrift, writeDrift } from "../../../agent/drift/drift-file.ts";
import { provision } from "../../../agent/provision/provision.ts";
import type { Executors } from "../../../engine/action.ts";
import { makeDirectory } from "../../../engine/actions/files.ts";
import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import type { EngineOptions } from "../../../engine/run/engine-options.ts";
import { trackTimeline } from "../../../engine/run/timeline.ts";
import type { Stage, StageId } from "../../../engine/stage.ts";
import { exists } from "../../../lib/files.ts";
import { testIo } from "../../engine/test-io.ts";
import { stackModel } from "../../stack/stack-model.ts";

/** Stages that each want a folder; `below` may be a place where none can be made. */
function machine(t: Test) {
  const folder = t.testdir({ file: "" });
  const { io } = testIo(folder, []);
  const base = stackModel();
  const model = { ...base, files: [], services: [], paths: { ...base.paths, ...io.paths } };
  let below = "file";
  const stage = (id: StageId, place: () => string): Stage =>
    ({
      id,
      title: id,
      needs: [],
      present: () => true,
      checks: () => [],
      inspect: async () => exists(join(folder, place(), id)),
      preflight: () => [],
      plan: (there: unknown) => ({
        actions: there
          ? []
          : [
              {
                do: "makeDirectory",
                why: "is missing",
                args: { path: join(folder, place(), id), mode: 0o755, owner: "me:me" },
              },
            ],
        unseen: [],
      }),
      reset: () => ({ actions: [], kept: [] }),
    }) as Stage;
  const all = [stage("system", () => "."), stage("postgres", () => below), stage("redis", () => ".")];
  const reader: Partial<FactReader> = {
    memoryMiB: async () => 8192,
    machineId: async () => "a",
    packages: async () => new Map(),
  };
  const run = (...ids: readonly StageId[]) => {
    const options: EngineOptions = {
      stages: all.filter(({ id }) => ids.length === 0 || ids.includes(id)),
      model,
      executors: { makeDirectory } as Partial<Executors> as Executors,
      reader: reader as FactReader,
      io,
      checks: { model, secret: async () => undefined },
      log: () => {},
      signal: io.signal,
      timeline: trackTimeline(Date.now),
      now: Date.now,
      redact: (text) => text,
      timeouts: { stage: 30_000, look: 5, patience: 1_000 },
    };
    return provision(options, all);
  };
  const repair = (): void => {
    below = ".";
  };
  return { run, repair, runFolder: io.paths.run };
}

t.test("a stage that is not asked for stays as it was: what failed there still has", async (t) => {
  const { run, repair } = machine(t);
  const states = ({ state, stages }: Awaited<ReturnType<typeof run>>) => [
    state,
    ...stages.map(({ id, status }) => `${id} ${status}`),
  ];
  t.same(states(await run("redis")), ["failed", "system waiting", "postgres waiting", "redis done"], "not yet all");
  t.same(states(await run()), ["failed", "system done", "postgres failed", "redis done"]);
  const other = await run("redis");
  t.same(states(other), ["failed", "system done", "postgres failed", "redis done"]);
  t.ok(other.stages.find(({ id }) => id === "postgres")?.error, "with its error");
  repair();
  t.same(states(await run("postgres")), ["done", "system done", "postgres done", "redis done"]);
});

t.test("what provisioning has mended is no drift any more", async (t) => {
  const { run, repair, runFolder } = machine(t);
  const differences = ["postgres", "redis"].map((stage) => ({ stage, do: "x", what: "x", why: "x", mend: "x" }));
  await run("system");
  await writeDrift(runFolder, { schemaVersion: 1, checkedAt: new Date().toISOString(), differences, unseen: [] });
  await run();
  t.match((await readDrift(runFolder))?.differences, [{ stage: "postgres" }]);
  repair();
  await run();
  t.same((await readDrift(runFolder))?.differences, []);
});
