import type { StatusDocument } from "../../stack/documents/status.ts";
import { provisionComponent } from "../../stack/health-groups.ts";
import { componentStates, type Snapshot } from "./component-states.ts";

/**
 * How the stack stands, for a person or a program: what `/status` and the page are made
 * from, and `stack-agent status` prints.
 *
 * @param detail with versions, messages, ports and paths: only for those who showed the token
 */
export function statusReport(snapshot: Snapshot, detail: boolean): StatusDocument {
  const { progress } = snapshot;
  const components = componentStates(snapshot).map((state) => ({
    name: state.name,
    status: state.status,
    code: state.code,
    latencyMs: state.latencyMs,
    ageMs: state.ageMs,
    ports: detail ? [...(snapshot.ports.get(state.name) ?? [])] : [],
    ...(detail && state.message !== undefined ? { message: state.message } : {}),
  }));
  return {
    schemaVersion: 1,
    status: overall(progress, components, snapshot.date),
    stack: { name: snapshot.stack.name, version: detail ? snapshot.stack.version : "" },
    stages: (progress?.stages ?? []).map(({ error, action, ...stage }) => ({
      ...stage,
      ...(detail && action !== undefined ? { action } : {}),
      ...(detail && error !== undefined ? { error } : {}),
    })),
    components,
    jobs: snapshot.jobs.map(({ name, schedule, always, lastRun, lastSeconds, lastError, nextRun }) => ({
      name,
      schedule,
      ...(always && { always }),
      ...(lastRun === undefined ? {} : { lastRun }),
      ...(lastSeconds === undefined ? {} : { lastSeconds }),
      ...(detail && lastError !== undefined ? { lastError } : {}),
      ...(nextRun === undefined ? {} : { nextRun }),
    })),
    memory: detail && progress !== undefined ? progress.memory : { totalMiB: 0, cuts: [], shares: [] },
    deviations: detail && progress !== undefined ? progress.deviations : [],
    ...(detail && progress?.setAside !== undefined ? { setAside: progress.setAside } : {}),
  };
}

/** Milliseconds after provisioning's end in which services are still expected to come up. */
const settling = 20_000;

/**
 * The one word for it all. Provisioning's end is not the end: the services start after it,
 * so a component that fails just then is still being worked on.
 */
export function overall(
  progress: Snapshot["progress"],
  components: StatusDocument["components"],
  date: Date,
): StatusDocument["status"] {
  if (progress === undefined || progress.state === "running" || progress.state === "waiting") return "working";
  if (progress.state === "failed") return "failed";
  // The agent hears of provisioning's end a moment after the file that tells of it.
  if (components.some(({ name, code }) => name === provisionComponent && code === "running")) return "working";
  const failing = components.filter((component) => component.status === "fail");
  if (failing.length > 0) {
    const sinceEnd = date.getTime() - Date.parse(progress.finishedAt ?? progress.startedAt);
    const starting = failing.every((component) => component.code === "starting");
    return starting || (sinceEnd >= 0 && sinceEnd < settling) ? "working" : "failed";
  }
  return components.some((component) => component.status === "warn") ? "degraded" : "healthy";
}
