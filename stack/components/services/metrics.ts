import { counter, gauge } from "../metric-spec.ts";

/** What the agent tells of each service beside its health; requests and their times a service tells itself. */
export const metrics = [
  counter("stack_service_restarts_total", "Times that the service was started again, since the agent started."),
  gauge("stack_service_release_info", "The release in force, in the label `release`; always 1."),
] as const;
