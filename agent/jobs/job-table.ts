import type { StatusDocument } from "../../stack/documents/status.ts";
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

/** Milliseconds as "12 s", "3 min", "5 h", "2 d". */
function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
