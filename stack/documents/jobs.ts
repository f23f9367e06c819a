import * as z from "zod/mini";
import { jobStanding } from "./status.ts";

/** What `stack-agent job ls --json` prints; `job run --json` with the one job. */
export const jobsDocument = z.object({ schemaVersion: z.literal(1), jobs: z.array(jobStanding) });

export type JobsDocument = z.output<typeof jobsDocument>;
