import { isAlive } from "../../lib/is-alive.ts";
import type { ProgressDocument } from "../../stack/documents/progress.ts";

/** Whether its run says that it is at work and is gone: killed, or its machine lost it. */
export function isInterrupted(progress: ProgressDocument, alive = isAlive): boolean {
  return progress.state === "running" && progress.pid !== undefined && !alive(progress.pid);
}

/** The truth of such a run, which it could not tell any more itself. */
export function interrupted(progress: ProgressDocument): ProgressDocument {
  const error = {
    code: "interrupted",
    message: "provisioning was killed before it ended",
    hint: "stack-agent provision carries on; what stack-provision.service began it carries on by itself",
    detail: [],
  };
  // Between two stages none was running: then it is those that were to come.
  const struck = progress.stages.some(({ status }) => status === "running") ? "running" : "waiting";
  return {
    ...progress,
    state: "failed",
    stages: progress.stages.map(({ action, ...stage }) => {
      if (stage.status === struck) return { ...stage, status: "failed", error };
      return stage.status === "waiting" ? { ...stage, error } : stage;
    }),
  };
}
