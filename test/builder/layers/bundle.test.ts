import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import t from "tap";
import { agentInputs } from "../../../builder/layers/stack-agent/agent.ts";
import { bundleAgent } from "../../../builder/layers/stack-agent/bundle.ts";
import { run } from "../../../lib/run.ts";

const project = resolve(import.meta.dirname, "../../..");

t.test("bundled, the clock of the jobs asks Intl for nothing in UTC: the tables it loads are megabytes", async (t) => {
  const folder = t.testdir();
  const entry = join(folder, "entry.ts");
  writeFileSync(
    entry,
    `import { jobRunner } from ${JSON.stringify(join(project, "agent/jobs/job-runner.ts"))};
    let asked = 0;
    const known = Intl.DateTimeFormat;
    Intl.DateTimeFormat = new Proxy(known, {
      construct: (target, args) => { asked += 1; return new target(...args); },
      apply: (target, _, args) => { asked += 1; return target(...args); },
    });
    const runner = jobRunner({
      jobs: [{ name: "hourly", schedule: "0 * * * *", run: async () => {} }],
      context: {} as never,
      clock: { now: () => 0, date: () => new Date() },
      log: () => {},
      timeZone: process.argv[2] ?? "",
      ready: () => true,
    });
    process.stdout.write(JSON.stringify({ asked, next: runner.states()[0]?.nextRun }));
    void runner.stop();`,
  );
  const program = join(folder, "program.cjs");
  writeFileSync(program, (await bundleAgent(project, entry)).text);
  const tell = async (zone: string): Promise<{ asked: number; next: string }> =>
    JSON.parse((await run(process.execPath, [program, zone], { timeout: 60_000 })).stdout);

  const utc = await tell("Etc/UTC");
  t.match(utc.next, /T\d\d:00:00.000Z$/, "it knows the job's next turn");
  t.equal(utc.asked, 0);
  t.not((await tell("Asia/Kolkata")).asked, 0, "in another zone it can't do without");
});

t.test("of zod's languages the agent has English", async (t) => {
  const { text } = await bundleAgent(project, join(project, "agent/program.ts"));
  t.match(text, "Invalid input: expected", "English");
  t.notMatch(text, /Ongeldige/, "Dutch");
});

t.test("the agent as it runs has neither its commands nor what reads YAML in its own text", async (t) => {
  const { packages } = await bundleAgent(project, join(project, "agent/health/serve.ts"));
  const names = packages.map(({ name }) => name);
  for (const name of ["pg", "ioredis", "amqplib", "cron"]) t.ok(names.includes(name), name);
  for (const name of ["commander", "yaml"]) t.notOk(names.includes(name), name);
});

t.test("status is read alone, without any server's client", async (t) => {
  const { packages } = await bundleAgent(project, join(project, "agent/status/status-program.ts"));
  t.strictSame([...new Set(packages.map(({ name }) => name))], ["commander", "yaml", "zod"]);
});

t.test("what is beside the agent lies flat: one of before lays a release whose lib holds files alone", async (t) => {
  const { bundles } = await agentInputs(project, "/opt/stack-agent/releases/0");
  t.ok(Object.keys(bundles).includes("page.css"));
  t.strictSame(
    Object.keys(bundles).filter((name) => name.includes("/")),
    [],
  );
});

t.test("what checks documents is not loaded by the agent as it runs: zod's classes are half a megabyte", async (t) => {
  const folder = t.testdir();
  const entry = join(folder, "entry.ts");
  const path = (file: string): string => JSON.stringify(join(project, file));
  writeFileSync(
    entry,
    `import { loadChecks } from ${path("components/agent.ts")};
    import { serve } from ${path("agent/health/serve.ts")};
    import { stackJobs } from ${path("agent/jobs/jobs.ts")};
    import { loadModelApart } from ${path("agent/model/load-model-apart.ts")};
    const begin = async () => {
      const model = await loadModelApart(process.argv[1], process.argv[2]);
      const loaded = [...await loadChecks(model), ...await stackJobs(model)];
      const zod = Object.getOwnPropertyNames(globalThis).filter((name) => name.startsWith("__zod_"));
      process.stdout.write(JSON.stringify({ loaded: loaded.length, serve: typeof serve, zod }));
    };
    void begin();`,
  );
  writeFileSync(join(folder, "program.cjs"), (await bundleAgent(project, entry)).text);
  writeFileSync(
    join(folder, "model.cjs"),
    (await bundleAgent(project, join(project, "agent/model/load-model.ts"))).text,
  );
  const args = [join(folder, "program.cjs"), join(project, "stack/stock-analysis.yaml")];
  const { loaded, zod } = JSON.parse((await run(process.execPath, args, { timeout: 60_000 })).stdout);
  t.ok(loaded > 10, `${loaded} checks and jobs`);
  t.same(zod, []);
});

t.test(
  "of what read its definition the idle agent holds nothing, and it reads one that is wrong as ever",
  async (t) => {
    const folder = t.testdir({ "wrong.yaml": "name: 1\n" });
    const entry = join(folder, "entry.ts");
    writeFileSync(
      entry,
      `import { loadModelApart } from ${JSON.stringify(join(project, "agent/model/load-model-apart.ts"))};
    const [, program, definitionPath = "", way] = process.argv;
    const used = () => {
      for (let i = 0; i < 4; i += 1) globalThis.gc({ type: "major", execution: "sync", flavor: "last-resort" });
      return process.memoryUsage().heapUsed;
    };
    const later = () => new Promise((resolve) => setTimeout(resolve, 50));
    const begin = async () => {
      // What Node itself loads late is none of the model's.
      for (const name of require("node:module").builtinModules) if (/^[a-z/]+$/.test(name)) require(name);
      await later();
      const before = used();
      const model = way === "apart"
        ? await loadModelApart(program, definitionPath)
        : await require(program.replace("program.cjs", "model.cjs")).loadModel(definitionPath);
      await later();
      process.stdout.write(JSON.stringify({ name: model.name, held: used() - before }));
    };
    begin().catch((error) => process.stdout.write(JSON.stringify({ code: error.code, kind: error.constructor.name })));`,
    );
    const program = join(folder, "program.cjs");
    writeFileSync(program, (await bundleAgent(project, entry)).text);
    writeFileSync(
      join(folder, "model.cjs"),
      (await bundleAgent(project, join(project, "agent/model/load-model.ts"))).text,
    );
    const load = async (definition: string, way = "apart"): Promise<{ name?: string; held: number }> =>
      JSON.parse((await run(process.execPath, ["--expose-gc", program, definition, way], { timeout: 60_000 })).stdout);
    const ours = join(project, "stack/stock-analysis.yaml");

    const kept = await load(ours, "plainly");
    const dropped = await load(ours);
    t.match([kept, dropped], [{ name: "stock-analysis" }, { name: "stock-analysis" }]);
    t.ok(dropped.held < 500_000, `${dropped.held} bytes are held, of ${kept.held}`);
    t.ok(kept.held > 1_000_000, `loaded plainly ${kept.held}`);
    t.match(await load(join(folder, "wrong.yaml")), { code: "definition-invalid", kind: "StackError" });
  },
);
