import type { StatusDocument } from "../../stack/documents/status.ts";
import { duration } from "../cli/duration.ts";
import { textTable } from "../cli/text-table.ts";

/** How jobs stand, as a person reads it. */
export function jobTable(jobs: StatusDocument["jobs"], date: Date, colours: boolean): readonly string[] {
  const rows = jobs.map((job) => ({
    cells: [
      job.name,
      job.schedule,
      job.lastRun === undefined ? "not yet" : `${duration(date.getTime() - Date.parse(job.lastRun))} ago`,
      job.lastSeconds === undefined ? "" : `${job.lastSeconds.toFixed(2)} s`,
      job.nextRun === undefined ? "" : `in ${duration(Date.parse(job.nextRun) - date.getTime())}`,
    ],
    note: job.lastError === undefined ? undefined : `failed: ${job.lastError}`,
  }));
  return textTable(["job", "schedule", "last run", "took", "next run"], rows, colours);
}
