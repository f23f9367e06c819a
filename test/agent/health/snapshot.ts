import type { Snapshot } from "../../../agent/health/component-states.ts";
import type { CheckResult } from "../../../agent/health/scheduler.ts";
import type { Outcome } from "../../../engine/check.ts";
import type { ProgressDocument } from "../../../stack/documents/progress.ts";

/** Rows for tables of results. `age` in milliseconds before now, which is 100 000. */
export const now = 100_000;
export const date = new Date("2026-01-02T03:04:05.000Z");

export function result(component: string, outcome: Partial<Outcome> = {}, age = 100): CheckResult {
  return {
    check: `${component}:roundtrip`,
    component,
    outcome: { status: "pass", code: "ok", ...outcome },
    latencyMs: 1.5,
    at: now - age,
    time: date.toISOString(),
  };
}

export function progress(state: ProgressDocument["state"], change: Partial<ProgressDocument> = {}): ProgressDocument {
  return {
    schemaVersion: 1,
    state,
    startedAt: "2026-01-02T03:00:00.000Z",
    ...(state === "running" ? {} : { finishedAt: "2026-01-02T03:00:04.000Z" }),
    stages: [
      { id: "system", title: "Base system", status: "done", seconds: 0.31, actions: 2 },
      { id: "redis", title: "Redis Cluster", status: state, seconds: 2.2, actions: 4 },
    ],
    memory: {
      totalMiB: 8192,
      cuts: ["redis maxmemory 727 MiB of 2 GiB declared: container has 8 GiB"],
      shares: [
        { component: "postgres", setting: "shared_buffers", miB: 2048 },
        { component: "redis", setting: "maxmemory", miB: 727, processes: 3, declaredMiB: 2048 },
      ],
    },
    deviations: ["rabbitmq is 3.10.8, not 3.12 or later"],
    ...change,
  };
}

export function snapshot(change: Partial<Snapshot> = {}): Snapshot {
  return {
    stack: { name: "stock-analysis", version: "1.0.0" },
    results: [result("postgres"), result("redis"), result("event-bus"), result("disk")],
    progress: progress("done"),
    jobs: [],
    kinds: new Map([["postgres", "datastore"]]),
    ports: new Map([["postgres", [5432]]]),
    now,
    date,
    ...change,
  };
}
