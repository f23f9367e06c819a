import type { Model } from "../../stack/model.ts";
import type { CheckContext } from "../checks/check.ts";
import { refreshView } from "./refresh-view.ts";

/** Work the agent does on a schedule, as its own unprivileged user. */
export interface Job {
  readonly name: string;
  /** Five cron fields, in the stack's time zone. */
  readonly schedule: string;
  /** Rejects where it failed or the signal aborted. */
  run(context: CheckContext, signal: AbortSignal): Promise<void>;
}

/** The jobs of a stack. */
export function jobs(model: Model): readonly Job[] {
  return [
    ...(model.postgres === undefined
      ? []
      : [{ name: "refresh-view", schedule: model.postgres.viewRefresh, run: refreshView(model.postgres) }]),
  ];
}
