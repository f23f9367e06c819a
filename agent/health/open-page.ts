import type { Clock } from "../../lib/clock.ts";
import type { Run } from "../../lib/run.ts";
import { healthGroupOf } from "../../stack/health-groups.ts";
import type { History } from "../page/history.ts";
import type { Page, PageOptions } from "../page/page.ts";
import type { Snapshot } from "./component-states.ts";
import { statusReport } from "./status-report.ts";

export interface OpenPageOptions extends Pick<PageOptions, "folder" | "runFolder" | "asked" | "interval" | "tidy"> {
  readonly snapshot: () => Snapshot;
  readonly history: History;
  readonly clock: Clock;
  readonly run: Run;
}

/** The page, loaded when it is first asked for: an agent whose page nobody opens holds none of it. */
export function openPage({ snapshot, history, ...options }: OpenPageOptions): () => Promise<Page> {
  let opened: Promise<Page> | undefined;
  const look: PageOptions["look"] = (detail) => {
    const now = snapshot();
    const { progress } = now;
    return {
      status: statusReport(now, detail),
      detail,
      date: now.date,
      results: now.results,
      history,
      failedJobs: new Set(now.jobs.filter(({ lastError }) => lastError !== undefined).map(({ name }) => name)),
      provision: progress && { startedAt: progress.startedAt, finishedAt: progress.finishedAt },
      groupOf: healthGroupOf,
    };
  };
  const news: PageOptions["news"] = () => {
    const { progress, drift, results, jobs } = snapshot();
    // What is well says figures alone.
    const found = results.flatMap(({ outcome: { status, code, message } }) => [code, status === "pass" || message]);
    return [progress, drift, ...found, ...jobs.flatMap(({ runs, lastError }) => [runs, lastError])];
  };
  return () => (opened ??= import("../page/page.ts").then(({ page }) => page({ look, news, ...options })));
}
