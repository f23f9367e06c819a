import { setTimeout as sleep } from "node:timers/promises";
import type { StatusDocument } from "../../stack/documents/status.ts";
import type { Clock } from "../health/clock.ts";
import type { Look } from "./look.ts";

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
  const seen = new Map<string, string>();
  for (;;) {
    const found = await options.look(Math.max(50, Math.min(3000, left())));
    for (const [what, state] of states(found)) {
      if (seen.get(what) === state) continue;
      seen.set(what, state);
      options.onLine(`${((clock.now() - started) / 1000).toFixed(1).padStart(6)} s  ${what}: ${state}`);
    }
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

/** What is worth a line when it changes. */
function states({ status, trouble }: Look): readonly (readonly [what: string, state: string])[] {
  return [
    ...(trouble === undefined ? [] : [["agent", "does not answer yet"] as const]),
    ...status.stages.map((stage): readonly [string, string] => {
      const seconds = stage.status === "done" && stage.seconds !== undefined ? ` in ${stage.seconds.toFixed(1)} s` : "";
      const error = stage.error === undefined ? "" : `: ${stage.error.message}`;
      return [`stage ${stage.id}`, `${stage.status}${seconds}${error}`];
    }),
    ...status.components
      .filter((component) => component.name !== "provision")
      .map((component): readonly [string, string] => [
        component.name,
        component.status === "pass" ? "pass" : `${component.status} (${component.code})`,
      ]),
  ];
}
