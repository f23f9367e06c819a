import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../lib/clock.ts";
import type { StatusDocument } from "../../stack/documents/status.ts";
import { provisionComponent } from "../../stack/health-groups.ts";
import type { Look } from "./look.ts";
import { reportChanges } from "./report-changes.ts";

export interface WaitOptions {
  /** Gives up after so many milliseconds. */
  readonly look: (timeout: number) => Promise<Look>;
  readonly clock: Clock;
  /** Milliseconds. */
  readonly timeout: number;
  /** A line for each thing that changed. */
  readonly onLine: (line: string) => void;
  /** Milliseconds between two looks. */
  readonly interval?: number;
}

export interface Waited {
  readonly found: Look;
  /** What was still lacking when the time was up; undefined where it was not. */
  readonly lacking: string | undefined;
}

/**
 * Looks until the stack is well, provisioning has failed, or the time is up, and gives the
 * last look. Well means: provisioning is done and every component passes or warns by a
 * result that is fresh. A component that fails is waited for.
 */
export async function waitUntilSettled(options: WaitOptions): Promise<Waited> {
  const { clock } = options;
  const started = clock.now();
  const left = (): number => started + options.timeout - clock.now();
  const report = reportChanges(clock, options.onLine);
  for (;;) {
    const found = await options.look(Math.max(50, Math.min(3000, left())));
    report(found);
    if (isSettled(found.status) || found.progress?.state === "failed") return { found, lacking: undefined };
    if (left() <= 0) return { found, lacking: whatLacks(found) };
    await sleep(Math.min(options.interval ?? 250, Math.max(1, left())));
  }
}

export function isSettled(status: StatusDocument): boolean {
  return (
    (status.status === "healthy" || status.status === "degraded") &&
    status.components.every((component) => !isLacking(component))
  );
}

function isLacking({ status, code }: StatusDocument["components"][number]): boolean {
  return status === "fail" || code === "stale";
}

/** What keeps the stack from being well: "the agent to answer", "stage redis (running), event-bus (refused)". */
function whatLacks({ status, progress, trouble }: Look): string {
  const stages = status.stages.filter((stage) => stage.status !== "done");
  const lacking = [
    ...(progress === undefined ? ["provisioning to begin"] : []),
    ...stages.map((stage) => `stage ${stage.id} (${stage.status})`),
    ...(trouble === undefined ? [] : ["the agent to answer"]),
    ...status.components
      .filter((component) => component.name !== provisionComponent && isLacking(component))
      .map((component) => `${component.name} (${component.code})`),
  ];
  return lacking.join(", ") || "provisioning to end";
}
