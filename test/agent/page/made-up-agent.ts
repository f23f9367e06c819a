/*
 * The agent's HTTP server over a stack that is made up: a day's work of it, an hour of history, and whatever
 * else is asked for. For the tests of the page, and for its pictures.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Snapshot } from "../../../agent/health/component-states.ts";
import { componentStates } from "../../../agent/health/component-states.ts";
import { healthServer } from "../../../agent/health/health-server.ts";
import { openPage } from "../../../agent/health/open-page.ts";
import type { CheckResult } from "../../../agent/health/scheduler.ts";
import { overall } from "../../../agent/health/status-report.ts";
import { tokenGate } from "../../../agent/health/token-gate.ts";
import { history } from "../../../agent/page/history.ts";
import type { Figures, Outcome } from "../../../engine/check.ts";
import { projectFolder } from "../../../lib/project-folder.ts";
import type { ProgressDocument } from "../../../stack/documents/progress.ts";
import { healthGroupOf } from "../../../stack/health-groups.ts";

export const token = "0123456789abcdefghijABCDEFGHIJ0123456789";

/** The moment that it is there. */
export const madeUpDate = new Date("2026-11-30T13:05:20.000Z");

const services = ["broker-gateway", "intelligent-core", "event-bus", "monitoring", "frontend"];

/** Outcomes by component, in the place of a pass. */
export type Troubles = Readonly<Record<string, Outcome>>;

export interface MadeUpOptions {
  /** Empty, for its files. */
  readonly folder: string;
  readonly services?: readonly string[];
  readonly troubles?: Troubles;
  /** Minutes since they began. */
  readonly troubledFor?: number;
  readonly progress?: Partial<ProgressDocument>;
  readonly jobs?: Snapshot["jobs"];
  /** Milliseconds between two looks of the page. */
  readonly interval?: number;
  readonly port?: number;
}

export type MadeUpAgent = Awaited<ReturnType<typeof madeUpAgent>>;

export async function madeUpAgent(options: MadeUpOptions) {
  const runFolder = join(options.folder, "run");
  mkdirSync(runFolder, { recursive: true });
  writeFileSync(join(runFolder, "timeline.json"), JSON.stringify(timeline));
  let troubles = options.troubles ?? {};
  let progress = { ...provisioned, ...options.progress };
  let jobs = options.jobs ?? madeUpJobs;
  let secret: string | undefined = token;
  let latency = 1;
  let events = 48_213;
  const now = { ms: 7_200_000, date: madeUpDate };
  const names = options.services ?? services;
  const snapshot = (): Snapshot => ({
    stack: { name: "stock-analysis", version: "1.0.0-5e93c815" },
    results: results(names, troubles, { now: now.ms, date: now.date, latency, events, queued: 3 }),
    progress,
    jobs,
    drift: { schemaVersion: 1, checkedAt: now.date.toISOString(), differences: [], unseen: [] },
    kinds: new Map(),
    ports: new Map<string, readonly number[]>([
      ["postgres", [5432]],
      ["redis", [6379, 6380, 6381]],
      ["rabbitmq", [5672, 15672]],
      ...names.map((name, index) => [name, [8001 + index]] as const),
    ]),
    now: now.ms,
    date: now.date,
  });
  const past = history(healthGroupOf);
  const note = (at: Snapshot): void => {
    const components = componentStates(at);
    const word = overall(
      at.progress,
      components.map((one) => ({ ...one, ports: [] })),
      at.date,
    );
    past.note({ now: at.now, date: at.date, overall: word, results: at.results, components });
  };
  const since = 60 * (options.troubledFor ?? 4);
  for (let ago = 3600; ago >= 0; ago -= 15) {
    const date = new Date(madeUpDate.getTime() - ago * 1000);
    const at = { now: now.ms - ago * 1000, date };
    const looks = results(names, ago <= since ? troubles : brief(ago), { ...at, ...hourAt(ago) });
    note({ ...snapshot(), ...at, results: looks, ...(ago > since ? { progress: provisioned } : {}) });
    const total = looks.find(({ component }) => component === "postgres")?.outcome.figures;
    events = Number(total?.stack_postgres_events_appended_total ?? events);
  }
  const page = openPage({
    ...{ snapshot, history: past, runFolder, folder: join(projectFolder, "agent/page") },
    ...{ clock: { now: () => now.ms, date: () => now.date }, interval: options.interval ?? 50 },
    asked: [
      { what: "PostgreSQL", package: "postgresql-15" },
      { what: "Redis", package: "redis-server" },
      { what: "RabbitMQ", package: "rabbitmq-server" },
      { what: "memcached", package: "memcached" },
      { what: "Python", package: "python3" },
    ],
    run: async () => ({ stdout: installed, stderr: "", code: 1 }),
  });
  const entitlement = tokenGate(async () => secret, { now: () => performance.now(), date: () => new Date() });
  const own = { residentBytes: 60e6, cpuSeconds: 1, startTime: 1_700_000_000 };
  const server = await healthServer({
    ...{ host: "127.0.0.1", port: options.port ?? 0, entitlement },
    source: { snapshot, process: () => own, page },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    close: server.close,
    /** Some components' outcomes from now on, the others pass. */
    trouble: (given: Troubles) => {
      troubles = given;
      note(snapshot());
    },
    provisioning: (given: Partial<ProgressDocument>) => {
      progress = { ...provisioned, ...given };
      note(snapshot());
    },
    setJobs: (given: Snapshot["jobs"]) => {
      jobs = given;
    },
    /** Milliseconds that a look takes. */
    setLatency: (given: number) => {
      latency = given;
    },
    setToken: (given: string | undefined) => {
      secret = given;
    },
    /** Lets time go by. */
    pass: (seconds: number) => {
      now.ms += seconds * 1000;
      now.date = new Date(now.date.getTime() + seconds * 1000);
      note(snapshot());
    },
  };
}

interface At {
  readonly now: number;
  readonly date: Date;
  readonly latency: number;
  readonly events: number;
  readonly queued: number;
}

function results(names: readonly string[], troubles: Troubles, at: At): CheckResult[] {
  const result = (component: string, check: string, given: Partial<Outcome> = {}, factor = 1): CheckResult => {
    const outcome: Outcome = { status: "pass", code: "ok", ...given, ...troubles[component] };
    const latencyMs = outcome.code === "timeout" ? 1500 : Math.round(at.latency * factor * 100) / 100;
    return {
      check: `${component}:${check}`,
      component,
      outcome,
      latencyMs,
      at: at.now - 100,
      time: at.date.toISOString(),
    };
  };
  const figures = (found: Figures): Partial<Outcome> => ({ figures: found });
  return [
    result(
      "postgres",
      "roundtrip",
      figures({
        stack_postgres_events_appended_total: at.events,
        stack_postgres_event_position: 1_204_000 + at.events,
      }),
      1.6,
    ),
    result("redis", "cluster", {}, 0.8),
    result(
      "rabbitmq",
      "roundtrip",
      figures({
        stack_rabbitmq_queue_messages_ready: [{ labels: { queue: "event-bus" }, value: at.queued }],
        stack_rabbitmq_queue_messages_unacknowledged: [{ labels: { queue: "event-bus" }, value: 2 }],
        stack_rabbitmq_dead_letters: 0,
      }),
      4.2,
    ),
    ...names.map((name) =>
      result(
        name,
        "health",
        figures({
          stack_service_release_info: [
            { labels: { service: name, release: name === "event-bus" ? "2-1f0c" : "0" }, value: 1 },
          ],
        }),
        2.4,
      ),
    ),
    result("disk", "used", { observedValue: 37 }),
    result("memory", "available", { observedValue: 58 - 3 * at.latency, figures: { stack_memory_bytes: 8 * 2 ** 30 } }),
    result("updates", "pending"),
    result("backup", "archive", { observedValue: 16 }),
    result("backup", "newest", { observedValue: 9.4, figures: { stack_backup_proven_age_seconds: 200_000 } }),
  ];
}

/** How the hour was, by the seconds before its end: waves, and a rush for some minutes. */
function hourAt(ago: number): Pick<At, "latency" | "events" | "queued"> {
  const wave = Math.sin(ago / 240) + 0.4 * Math.sin(ago / 37);
  const rush = Math.exp(-(((ago - 1500) / 260) ** 2));
  const rate = (seconds: number): number =>
    30 + 8 * Math.sin(seconds / 240) + 5 * Math.sin(seconds / 31) + 150 * Math.exp(-(((seconds - 1500) / 260) ** 2));
  let events = 20_000;
  for (let second = 3600; second > ago; second -= 15) events += 15 * rate(second);
  return {
    latency: 1.1 + 0.15 * wave + 1.1 * rush,
    events: Math.round(events),
    queued: Math.max(0, Math.round(3 + 2 * wave + 64 * Math.exp(-(((ago - 1380) / 240) ** 2)))),
  };
}

/** A service was away for a moment, half an hour ago. */
function brief(ago: number): Troubles {
  return ago > 1920 && ago < 2010 ? { "event-bus": { status: "fail", code: "refused" } } : {};
}

const stages = ["system", "python", "postgres", "redis", "rabbitmq", "services"] as const;
const titles = {
  system: "Base system",
  python: "Python",
  postgres: "PostgreSQL",
  redis: "Redis Cluster",
  rabbitmq: "RabbitMQ",
  services: "Services",
};
const spans: Readonly<Record<(typeof stages)[number], readonly [number, number]>> = {
  system: [12, 420],
  python: [425, 610],
  postgres: [430, 1980],
  redis: [431, 1320],
  rabbitmq: [433, 4120],
  services: [4130, 4480],
};
const startedAt = "2026-11-27T06:12:04.000Z";
const finishedAt = "2026-11-27T06:12:08.500Z";

const timeline = {
  schemaVersion: 1,
  ...{ startedAt, finishedAt },
  spans: stages.map((stage) => ({ stage, round: 1, kind: "look", startMs: spans[stage][0], endMs: spans[stage][1] })),
};

export const provisioned: ProgressDocument = {
  schemaVersion: 1,
  state: "done",
  ...{ startedAt, finishedAt },
  stages: stages.map((id) => ({
    ...{ id, title: titles[id], status: "done" as const, actions: 0 },
    seconds: (spans[id][1] - spans[id][0]) / 1000,
  })),
  memory: {
    totalMiB: 8192,
    cuts: ["redis maxmemory 727 MiB of 2 GiB declared: container has 8 GiB"],
    shares: [
      { component: "postgres", setting: "shared_buffers", miB: 2048 },
      { component: "redis", setting: "maxmemory", miB: 727, processes: 3, declaredMiB: 2048 },
      { component: "rabbitmq", setting: "vm_memory_high_watermark", miB: 512 },
    ],
  },
  deviations: ["rabbitmq 3.10.8 is older than 3.12, which the stack asks for"],
};

const job = (name: string, schedule: string, lastRun: string, lastSeconds: number, nextRun: string) => ({
  ...{ name, schedule, lastSeconds, runs: 4, failures: 0 },
  lastRun: `2026-11-30T${lastRun}.000Z`,
  nextRun: `2026-11-${nextRun}.000Z`,
});

export const madeUpJobs: Snapshot["jobs"] = [
  job("refresh-statistics", "*/5 * * * *", "13:05:00", 0.04, "30T13:10:00"),
  job("save-redis", "*/10 * * * *", "13:00:00", 1.32, "30T13:10:00"),
  job("drift", "*/15 * * * *", "13:00:00", 0.9, "30T13:15:00"),
  job("backup", "0 3 * * *", "03:00:00", 41.2, "30T23:59:00"),
];

const installed = [
  "installed postgresql-15 15.14-0+deb12u1",
  "installed redis-server 5:7.0.15-1~deb12u5",
  "installed rabbitmq-server 4.0.5-6",
  "not-installed memcached",
  "installed python3 3.11.2-1+b1",
  "",
].join("\n");
