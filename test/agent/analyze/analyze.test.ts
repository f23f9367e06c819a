import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { analyse } from "../../../agent/analyze/analyse.ts";
import { analysisTable } from "../../../agent/analyze/analysis-table.ts";
import { analyzeCommand } from "../../../agent/analyze/analyze-command.ts";
import { parseUnitTimes } from "../../../agent/analyze/unit-times.ts";
import { trackTimeline, writeTimeline } from "../../../engine/run/timeline.ts";
import type { Run } from "../../../lib/run.ts";
import { analysisDocument } from "../../../stack/documents/analysis.ts";
import type { TimelineDocument } from "../../../stack/documents/timeline.ts";

const action = { kind: "action", round: 1, why: "not running" } as const;

/** Redis ends long before RabbitMQ; the services wait for both. */
const timeline: TimelineDocument = {
  schemaVersion: 1,
  startedAt: "2026-11-21T14:00:00.000Z",
  finishedAt: "2026-11-21T14:00:04.000Z",
  spans: [
    { stage: "system", round: 1, kind: "look", startMs: 0, endMs: 50 },
    { ...action, stage: "system", do: "makeSecret", what: "redis.auth", startMs: 52, endMs: 100 },
    { stage: "redis", round: 1, kind: "look", startMs: 101, endMs: 110 },
    { stage: "rabbitmq", round: 1, kind: "look", startMs: 101, endMs: 120 },
    { ...action, stage: "redis", do: "startUnits", what: "redis-server@6379.service", startMs: 111, endMs: 400 },
    { ...action, stage: "rabbitmq", do: "startUnits", what: "rabbitmq-server.service", startMs: 121, endMs: 3700 },
    { stage: "rabbitmq", round: 2, kind: "check", what: "rabbitmq", startMs: 3700, endMs: 3900 },
    { stage: "services", round: 1, kind: "look", startMs: 3902, endMs: 4000 },
  ],
};

t.test("the chain that the end waited for is marked, and what ran beside it is not", async (t) => {
  const { spans } = analyse(timeline, "last", []);
  t.strictSame(
    spans.filter(({ critical }) => critical).map(({ stage, kind }) => `${stage} ${kind}`),
    ["system look", "system action", "rabbitmq look", "rabbitmq action", "rabbitmq check", "services look"],
  );
});

t.test("a stage lasts from its first look to its last check; a stopped run's work to the run's end", async (t) => {
  const stopped = {
    ...timeline,
    spans: timeline.spans.map(({ endMs, ...span }) =>
      endMs === 3900 ? span : { ...span, ...(endMs === undefined ? {} : { endMs }) },
    ),
  };
  const { stages, actions } = analyse(stopped, "last", []);
  t.match(stages, [
    { id: "system", startMs: 0, endMs: 100 },
    { id: "redis", startMs: 101, endMs: 400 },
    { id: "rabbitmq", startMs: 101, endMs: 4000 },
    { id: "services" },
  ]);
  t.equal(actions, 3);
});

t.test("the table has bars to scale, the chain in time's order, and what took longest first", async (t) => {
  const units = [{ unit: "rabbitmq-server.service", startMs: 700, activeMs: 4300 }];
  const table = analysisTable(analyse(timeline, "first", units), false);
  t.match(table, /^first provisioning, 2026-11-21T14:00:00.000Z: 4.00 s, 3 actions\n/);
  t.match(table, /^rabbitmq +0\.10 s +3\.80 s + #{38}$/m);
  t.match(table, /^system +0\.00 s +0\.10 s +##?$/m);
  t.match(table, /what took longest.*\nrabbitmq +0\.12 s +3\.58 s +startUnits rabbitmq-server\.service\n/);
  t.match(table, /^rabbitmq-server\.service +0\.70 s +3\.60 s +#/m);
});

t.test("units' times are since systemd's start; one that has not started is left out", async (t) => {
  const block = (id: string, start: number, active: number): string =>
    `Id=${id}\nInactiveExitTimestampMonotonic=${start}\nActiveEnterTimestampMonotonic=${active}\n`;
  const text = [
    block("b.service", 6_000_000, 9_000_000),
    block("a.service", 5_500_000, 5_600_000),
    block("c.service", 0, 0),
  ];
  t.strictSame(parseUnitTimes(text.join("\n"), 5_000_000), [
    { unit: "a.service", startMs: 500, activeMs: 600 },
    { unit: "b.service", startMs: 1000, activeMs: 4000 },
  ]);
});

t.test("the first run that did something is kept, and later ones never take its place", async (t) => {
  const paths = await folders(t);
  for (const what of ["nothing", "first", "second"]) {
    const track = trackTimeline(() => 0);
    if (what !== "nothing")
      await track.measure({ stage: "system", round: 1, kind: "action", do: "x", what, why: "" }, async () => {});
    await writeTimeline({ run: paths.runFolder, state: paths.stateFolder }, track);
  }
  const [first, last] = await Promise.all([analyze({ ...paths, firstBoot: true }), analyze(paths)]);
  t.match(first, { run: "first", spans: [{ what: "first" }] });
  t.match(last, { run: "last", spans: [{ what: "second" }] });
});

t.test("where this boot had nothing to do, the first boot is told of", async (t) => {
  const paths = await folders(t);
  await writeFile(join(paths.stateFolder, "first-timeline.json"), JSON.stringify(timeline));
  await writeFile(join(paths.runFolder, "timeline.json"), JSON.stringify({ ...timeline, spans: [] }));
  t.match(await analyze(paths), { run: "first", actions: 3 });
});

t.test("before provisioning has ended there is nothing to tell: exit 3, and where to look", async (t) => {
  const paths = await folders(t);
  await t.rejects(analyzeCommand({ ...paths, json: true }), {
    code: "no-timeline",
    exit: 3,
    hint: /stack-agent status/,
  });
});

async function folders(t: Test) {
  const folder = t.testdir();
  const paths = { runFolder: join(folder, "run"), stateFolder: join(folder, "state") };
  await Promise.all(Object.values(paths).map((path) => mkdir(path)));
  return { ...paths, definitionPath: "stack/stock-analysis.yaml" };
}

async function analyze(options: Parameters<typeof analyzeCommand>[0]) {
  let text = "";
  const write = (part: string): void => {
    text += part;
  };
  const run: Run = async () => ({ code: 0, stdout: "", stderr: "" }) as Awaited<ReturnType<Run>>;
  await analyzeCommand({ ...options, json: true, run, output: { write, writeAside: write, colours: false } });
  return analysisDocument.parse(JSON.parse(text));
}
