import { existsSync, readdirSync } from "node:fs";
import { build } from "esbuild";
import t from "tap";
import { loadChecks, loadExecutors, loadJobs, loadStages } from "../../components/agent.ts";
import { stageIds } from "../../engine/stage.ts";
import { dependencyNames } from "../../stack/components/names.ts";
import { stackModel } from "../stack/stack-model.ts";

t.test("every stage there is, in its order, each after what it needs", async (t) => {
  const stages = await loadStages();
  t.same(
    stages.map(({ id }) => id),
    stageIds,
  );
  for (const [at, { id, needs }] of stages.entries()) {
    t.ok(
      needs.every((need) => stageIds.indexOf(need) < at),
      id,
    );
  }
});

t.test("what components bring, of those that the stack has only", async (t) => {
  const of = async (model: ReturnType<typeof stackModel>) =>
    (await loadChecks(model)).map(({ component }) => component);
  const whole = stackModel();
  const services = whole.services.map(({ name }) => name);
  const present = dependencyNames.filter((name) => name in whole.definition);
  t.ok(present.length > 2);
  t.same(await of(whole), [...present, ...services, "disk", "memory", "updates"], "the machine's checks come last");
  const jobsOf = async (model: ReturnType<typeof stackModel>) => (await loadJobs(model)).map(({ name }) => name);
  t.same(await jobsOf(whole), ["refresh-view", "redis-saves"]);
  const without = stackModel("bookworm", { postgres: undefined, services: {} } as never);
  t.same(await of(without), [...present.filter((name) => name !== "postgres"), "disk", "memory", "updates"]);
  t.same(await jobsOf(without), ["redis-saves"]);
});

t.test("a component's own actions are carried out beside those of any stage", async (t) => {
  const names = Object.keys(await loadExecutors());
  t.ok(["writeFile", "restartUnits", "installPackages", "makeVenv", "initdb"].every((name) => names.includes(name)));
});

t.test(
  "what monitors a component brings nothing along of what provisions it: it stays in memory for months",
  async (t) => {
    const entryPoints = readdirSync("components", { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `components/${name}/agent/monitoring.ts`)
      .filter((path) => existsSync(path));
    t.ok(entryPoints.length >= dependencyNames.length + 2);
    const { metafile } = await build({
      entryPoints,
      bundle: true,
      write: false,
      metafile: true,
      packages: "external",
      platform: "node",
      outdir: t.testdir(),
    });
    const loaded = Object.keys(metafile.inputs).sort();
    t.ok(loaded.includes("components/redis/agent/check.ts"), "what it needs is seen");
    t.same(
      loaded.filter((path) => /stage\.ts$|provisioning\.ts$|engine\/(run|plan|actions)\//.test(path)),
      [],
    );
  },
);
