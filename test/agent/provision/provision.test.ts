import { join } from "node:path";
import t, { type Test } from "tap";
import { readDrift, writeDrift } from "../../../agent/drift/read-drift.ts";
import { provision, type Renewal } from "../../../agent/provision/provision.ts";
import type { Executors } from "../../../engine/action.ts";
import { makeDirectory } from "../../../engine/actions/files.ts";
import { renewSecret } from "../../../engine/actions/secrets.ts";
import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import type { EngineOptions } from "../../../engine/run/engine-options.ts";
import { takeLock } from "../../../engine/run/take-lock.ts";
import { trackTimeline } from "../../../engine/run/timeline.ts";
import type { Stage, StageId } from "../../../engine/stage.ts";
import { exists } from "../../../lib/files.ts";
import { testIo } from "../../engine/test-io.ts";
import { stackModel } from "../../stack/stack-model.ts";

/** Stages that each want a folder; `below` may be a place where none can be made. */
function machine(t: Test) {
  const folder = t.testdir({ file: "" });
  const base = stackModel();
  const { io } = testIo(folder, base.secrets);
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
  const run = (...ids: readonly StageId[]) => provisionOnce(ids);
  const provisionOnce = (ids: readonly StageId[], renewal?: Renewal) => {
    const options: EngineOptions = {
      stages: all.filter(({ id }) => ids.length === 0 || ids.includes(id)),
      model,
      executors: { makeDirectory, renewSecret } as Partial<Executors> as Executors,
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
    return provision(options, all, renewal);
  };
  const repair = (): void => {
    below = ".";
  };
  const renew = (renewal: Renewal) => provisionOnce([], renewal);
  return { run, renew, repair, runFolder: io.paths.run, io };
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

t.test(
  "a rotation says that it begins once it has the lock; where it can't say so, no secret is another",
  async (t) => {
    const { renew, runFolder, io } = machine(t);
    const said: string[] = [];
    const begins = async () => void said.push("begins");
    const renewal = { names: ["redis.auth"], begins };
    const lock = await takeLock(runFolder, io.run);
    await t.rejects(renew(renewal), { code: "already-running" });
    t.same(said, []);
    await lock.close();
    await io.makeSecret("redis.auth");
    const before = await io.secret("redis.auth");
    const silent = { ...renewal, begins: async () => Promise.reject(new Error("no journal")) };
    await t.rejects(renew(silent), { message: "no journal" });
    t.equal(await io.secret("redis.auth"), before);
    await renew(renewal);
    t.same(said, ["begins"]);
    t.not(await io.secret("redis.auth"), before);
  },
);
