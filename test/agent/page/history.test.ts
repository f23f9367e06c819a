import t from "tap";
import { history, kept, type Moment, step } from "../../../agent/page/history.ts";
import type { Observed } from "../../../agent/page/plots.ts";
import { ring } from "../../../agent/page/ring.ts";
import type { Figures } from "../../../engine/check.ts";
import { healthGroupOf } from "../../../stack/health-groups.ts";

const looked = (component: string, figures?: Figures, latencyMs = 2): Observed => ({
  check: `${component}:roundtrip`,
  ...{ component, latencyMs },
  outcome: { status: "pass", ...(figures && { figures }) },
});

const moment = (seconds: number, change: Partial<Moment> = {}): Moment => ({
  now: 1_000 * seconds,
  date: new Date(1_000 * seconds),
  ...{ overall: "healthy", results: [], components: [] },
  ...change,
});

t.test("a ring keeps the newest, the oldest first", async (t) => {
  const one = ring(new Uint8Array(4), 0);
  for (const value of [1, 2, 3, 4, 5]) {
    one.move(1);
    one.set(value);
  }
  t.same(one.values(), [2, 3, 4, 5]);
  one.move(2);
  t.same(one.values(), [4, 5, 0, 0], "what was not noted is blank");
  one.move(1_000_000_000);
  t.same(one.values(), [0, 0, 0, 0], "however long nothing was");
});

t.test("since when something is as it is: from its last change on, however often it is looked at", async (t) => {
  const hour = history(healthGroupOf);
  const at = (seconds: number, status: "pass" | "fail") =>
    hour.note(moment(seconds, { overall: status, components: [{ name: "redis", status }] }));
  t.equal(hour.standing("redis"), undefined);
  at(10, "pass");
  at(20, "pass");
  at(30, "fail");
  at(40, "fail");
  t.same(hour.standing("redis"), { status: "fail", since: new Date(30_000) });
  t.same(hour.standing(), { status: "fail", since: new Date(30_000) });
});

t.test("a minute is as its worst moment was, and what is older than an hour is gone", async (t) => {
  const hour = history(healthGroupOf);
  const at = (seconds: number, status: "pass" | "warn" | "fail") =>
    hour.note(moment(seconds, { components: [{ name: "redis", status }] }));
  at(0, "pass");
  at(16, "fail");
  at(18, "pass");
  at(61, "pass");
  t.same(
    hour
      .minutes("redis")
      .filter((value) => value > 0)
      .sort(),
    [1, 3],
  );
  at(3700, "warn");
  t.same(
    hour
      .minutes("redis")
      .slice(0, -1)
      .filter((value) => value > 0),
    [],
    "none of it",
  );
  t.equal(hour.minutes("redis").at(-1), 2);
  t.equal(hour.minutes("redis").length, 60);
  t.same(new Set(hour.minutes("nobody")), new Set([0]));
});

t.test("what does not answer yet while the stack starts is no failure", async (t) => {
  const hour = history(healthGroupOf);
  const at = (seconds: number, overall: string, status: "pass" | "fail") =>
    hour.note(moment(seconds, { overall, components: [{ name: "redis", status }] }));
  at(1, "working", "fail");
  t.same(new Set(hour.minutes("redis")), new Set([0]));
  at(3, "healthy", "pass");
  t.equal(hour.minutes("redis").at(-1), 1);
  at(5, "failed", "fail");
  t.equal(hour.minutes("redis").at(-1), 3);
});

t.test("events a second are by two readings of the counter, between which it stands still", async (t) => {
  const hour = history(healthGroupOf);
  const read = (total: number): Figures => ({ stack_postgres_events_appended_total: total });
  const readings = [read(1_000), read(4_000), read(4_300), read(10)];
  for (let seconds = 0; seconds < 120; seconds += 2) {
    hour.note(moment(seconds, { results: [looked("postgres", readings[Math.floor(seconds / 30)])] }));
  }
  const values = (hour.line("events", "events") ?? []).filter((value) => !Number.isNaN(value));
  t.same(values, [100, 100, 10, 10], "and what began anew is no growth");
});

t.test("what is drawn: queues together, memory in use, the slowest of the services", async (t) => {
  const hour = history(healthGroupOf);
  hour.note(
    moment(1, {
      results: [
        looked("postgres", undefined, 3),
        looked("rabbitmq", {
          stack_rabbitmq_queue_messages_ready: [{ value: 7 }, { value: 5 }],
          stack_rabbitmq_queue_messages_unacknowledged: [{ value: 1 }],
        }),
        looked("event-bus", undefined, 4),
        looked("frontend", undefined, 9),
        { ...looked("memory"), check: "memory:available", outcome: { status: "pass", observedValue: 60 } },
      ],
    }),
  );
  t.same(hour.labels("queues"), ["waiting"], "nobody has counted dead letters");
  t.equal(hour.line("queues", "waiting")?.at(-1), 13);
  t.equal(hour.line("memory", "memory")?.at(-1), 40);
  t.same(hour.labels("latency"), ["postgres", "rabbitmq", "slowest service"]);
  t.equal(hour.line("latency", "slowest service")?.at(-1), 9);
  t.same(hour.labels("events"), []);
});

t.test("its memory is bounded, whatever is noted for however long", async (t) => {
  const hour = history((name) => (name.startsWith("data") ? "data" : "services"));
  const many = Array.from({ length: 2_000 }, (_, index) => `data-${index}`);
  const before = process.memoryUsage().arrayBuffers;
  for (let turn = 0; turn < 5; turn += 1) {
    const components = many.map((name) => ({ name, status: "pass" as const }));
    hour.note(moment((turn * step) / 1000, { components, results: many.map((name) => looked(name)) }));
  }
  t.ok(process.memoryUsage().arrayBuffers - before < 1_000_000);
  t.equal(hour.labels("latency").length, 64);
  t.equal(hour.line("latency", "data-0")?.length, kept);
});
