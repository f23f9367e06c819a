import type { CheckContext } from "./check.ts";

/** Work the agent does on a schedule, as its own unprivileged user, or asks systemd for. */
export interface Job {
  readonly name: string;
  /** Five cron fields, in the stack's time zone. */
  readonly schedule: string;
  /** From the agent's start on, whatever provisioning does; default: by its turns, and while that is done. */
  readonly always?: true;
  /** Milliseconds after which a run is cancelled; default ten minutes. */
  readonly timeout?: number;
  /** Rejects where it failed or the signal aborted. */
  run(context: CheckContext, signal: AbortSignal): Promise<void>;
  /** Asked after each run: milliseconds after which it runs again before its turn. */
  again?(): Promise<number | undefined>;
}
