import { setTimeout as sleep } from "node:timers/promises";
import type { StatusDocument } from "../../stack/documents/status.ts";
import type { Clock } from "../health/clock.ts";
import type { Look } from "./look.ts";
import { reportChanges } from "./report-changes.ts";

export interface WaitOptions {
  readonly look: (timeout: number) => Promise<Look>;
  readonly clock: Clock;
  /** Milliseconds. */
  readonly timeout: number;
  /** A line for each thing that changed. */
  readonly onLine: (line: string) => void;
  /** Milliseconds between two looks. */
  readonly interval?: number;
}

/**
 * Looks until the stack is well, provisioning has failed, or the time is up, and gives the
 * last look. Well means: provisioning is done and every component passes or warns by a
 * result that is fresh. A component that fails is waited for; a stack that is still at work
 * when the time is up is reported as just that.
 */
export async function waitUntilSettled(options: WaitOptions): Promise<Look> {
  const { clock } = options;
  const started = clock.now();
  const left = (): number => started + options.timeout - clock.now();
  const report = reportChanges(clock, options.onLine);
  for (;;) {
    const found = await options.look(Math.max(50, Math.min(3000, left())));
    report(found);
    if (isSettled(found.status) || found.progress?.state === "failed" || left() <= 0) return found;
    await sleep(Math.min(options.interval ?? 250, Math.max(1, left())));
  }
}

export function isSettled(status: StatusDocument): boolean {
  return (
    (status.status === "healthy" || status.status === "degraded") &&
    status.components.every((component) => component.status !== "fail" && component.code !== "stale")
  );
}
