import t from "tap";
import { metricsText } from "../../../agent/health/metrics-text.ts";
import { snapshot } from "./table.ts";

const own = { residentBytes: 1, cpuSeconds: 1, startTime: 1 };

t.test(
  "a job's last and next run, what it took and how it ended are figures; one that has not run yet has its next",
  async (t) => {
    const text = metricsText(
      snapshot({
        jobs: [
          {
            name: "tidy",
            schedule: "0 3 * * *",
            lastRun: "2026-01-01T03:00:00.000Z",
            lastSeconds: 1.5,
            lastError: "ended with exit code 3",
            nextRun: "2026-01-02T03:00:00.000Z",
            runs: 2,
            failures: 1,
          },
          { name: "later", schedule: "0 4 * * *", nextRun: "2026-01-02T04:00:00.000Z", runs: 0, failures: 0 },
        ],
      }),
      own,
    );
    t.same(
      text.split("\n").filter((line) => line.startsWith("stack_job_")),
      [
        'stack_job_last_run_timestamp_seconds{job_name="tidy"} 1767236400',
        'stack_job_last_run_seconds{job_name="tidy"} 1.5',
        'stack_job_last_run_success{job_name="tidy"} 0',
        'stack_job_next_run_timestamp_seconds{job_name="tidy"} 1767322800',
        'stack_job_next_run_timestamp_seconds{job_name="later"} 1767326400',
        'stack_job_failures_total{job_name="tidy"} 1',
        'stack_job_failures_total{job_name="later"} 0',
      ],
    );
    t.notMatch(text, "exit code", "why it failed is nobody's who shows no token");
  },
);
