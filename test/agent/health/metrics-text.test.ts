import t from "tap";
import { metricsText } from "../../../agent/health/metrics-text.ts";
import type { CheckResult } from "../../../agent/health/scheduler.ts";
import { run } from "../../../lib/run.ts";
import { dependencies } from "../../../stack/components/index.ts";
import { gauge } from "../../../stack/components/metric-spec.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import { resolve } from "../../../stack/resolve.ts";
import { needs } from "../../container/needs.ts";
import { date, result, snapshot } from "./snapshot.ts";

const own = { residentBytes: 1, cpuSeconds: 1, startTime: 1 };

t.test(
  "a job's last and next run, what it took and how it ended are figures; one that has not run yet has its next",
  async (t) => {
    const text = metricsText(
      snapshot({
        jobs: [
          {
            name: "tidy",
            schedule: "0 3 * * *",
            lastRun: "2026-01-01T03:00:00.000Z",
            lastSeconds: 1.5,
            lastError: "ended with exit code 3",
            nextRun: "2026-01-02T03:00:00.000Z",
            runs: 2,
            failures: 1,
          },
          { name: "later", schedule: "0 4 * * *", nextRun: "2026-01-02T04:00:00.000Z", runs: 0, failures: 0 },
        ],
      }),
      own,
    );
    t.same(
      text.split("\n").filter((line) => line.startsWith("stack_job_")),
      [
        'stack_job_last_run_timestamp_seconds{job_name="tidy"} 1767236400',
        'stack_job_last_run_seconds{job_name="tidy"} 1.5',
        'stack_job_last_run_success{job_name="tidy"} 0',
        'stack_job_next_run_timestamp_seconds{job_name="tidy"} 1767322800',
        'stack_job_next_run_timestamp_seconds{job_name="later"} 1767326400',
        'stack_job_failures_total{job_name="tidy"} 1',
        'stack_job_failures_total{job_name="later"} 0',
      ],
    );
    t.notMatch(text, "exit code", "why it failed is nobody's who shows no token");
  },
);

/** A stack that has all there is. */
const sections = dependencies.map(({ name }) => `${name}: {}\n`).join("");
const { checks } = resolve(
  parseDefinition(
    `name: shop\nversion: 1.0.0\nbackup: {target: {directory: /mnt}}\nsecrets: {key: {for: [web]}}\n` +
      `services: {web: {port: 8001}, intake: {port: 8002}}\n${sections}`,
    "stack.yaml",
  ),
);

/** A look at each, which saw a value of every metric. */
const results = checks.map(
  ({ name, component, observes, metrics = [] }): CheckResult => ({
    ...result(component, {
      observedValue: 1,
      figures: Object.fromEntries(metrics.map((metric) => [metric.name, [{ labels: { of: component }, value: 2.5 }]])),
    }),
    check: name,
    ...(observes && { observes }),
    metrics,
  }),
);

t.test("what checks see on the way is told once a metric, with the samples of all that see it", async (t) => {
  const text = metricsText(snapshot({ results }), own);
  t.match(text, /^stack_redis_node_keys\{of="redis"\} 2\.5$/m);
  t.match(
    text,
    'stack_service_restarts_total counter\nstack_service_restarts_total{of="web"} 2.5\nstack_service_restarts_total{of="intake"} 2.5\n',
  );
  const told = text.match(/^# TYPE \S+/gm) ?? [];
  t.equal(new Set(told).size, told.length);
});

t.test("a metric that a check did not see, or does not declare, is not told", async (t) => {
  const figures = { stack_other: 1, stack_seen: 2 };
  const seen = {
    ...result("redis", { figures }),
    metrics: [gauge("stack_seen", "Seen."), gauge("stack_unseen", "Not.")],
  };
  const text = metricsText(snapshot({ results: [seen] }), own);
  t.match(text, /^stack_seen 2$/m);
  t.notMatch(text, /stack_other|stack_unseen/);
});

t.test("memory's budget and the last provisioning are figures", async (t) => {
  const text = metricsText(snapshot(), own);
  t.match(text, `stack_memory_budget_bytes{component="redis"} ${3 * 727 * 1024 * 1024}\n`);
  t.match(text, /^stack_provision_start_timestamp_seconds 1767322800$/m);
  t.match(text, /^stack_provision_seconds 4$/m);
});

t.test("all of it is as Prometheus's rules would have it: promtool check metrics", async (t) => {
  const found = await run("promtool", ["--version"]).catch(() => undefined);
  if (!needs(t, found === undefined ? "promtool is not installed (apt-get install prometheus)" : "")) return;
  const jobs = [
    { name: "tidy", schedule: "0 3 * * *", lastRun: date.toISOString(), lastSeconds: 1, runs: 1, failures: 0 },
  ];
  const told = await run("promtool", ["check", "metrics"], {
    input: metricsText(snapshot({ results, jobs }), own),
    accept: [0, 1, 3],
  });
  t.equal(`${told.stdout}${told.stderr}`, "");
  const bad = await run("promtool", ["check", "metrics"], { input: "# TYPE a counter\na 1\n", accept: [0, 1, 3] });
  t.match(bad.stderr, "a ", "it says what is wrong");
});
