import type { RootJobName } from "../../stack/components/agent/root-jobs.ts";
import { certificatesJob } from "./certificates-job.ts";
import { driftJob } from "./drift-job.ts";
import { pendingJob } from "./pending-job.ts";
import type { RootJob } from "./root-job.ts";
import { updatesJob } from "./updates-job.ts";

/** What `stack-agent job perform NAME` runs, in `stack-job@NAME.service`. */
export const rootJobs: { readonly [Name in RootJobName]: RootJob } = {
  drift: driftJob,
  pending: pendingJob,
  updates: updatesJob,
  certificates: certificatesJob,
};
