import type { CheckName, CheckSpec } from "../check-spec.ts";
import { gauge } from "../metric-spec.ts";

/** What is looked at of backups. Apart from the declaration: health's names are made from it. */
export const backupChecks = {
  "backup:archive": {
    proves: "what PostgreSQL writes gets into the archive, and none of it was given up",
    observes: {
      unit: "MiB",
      metric: {
        name: "stack_backup_waiting_bytes",
        type: "gauge",
        help: "What waits to be archived, by the last try.",
        per: 1 / 1_048_576,
      },
    },
  },
  "backup:newest": {
    proves: "the newest backup and the newest one that was restored for trial are not too old",
    observes: {
      unit: "hours",
      metric: {
        name: "stack_backup_age_seconds",
        type: "gauge",
        help: "Age of the newest backup.",
        per: 1 / 3600,
      },
    },
    metrics: [gauge("stack_backup_proven_age_seconds", "Age of the newest backup that was restored for trial.")],
  },
} as const satisfies Readonly<Record<CheckName, CheckSpec>>;

export type BackupCheck = keyof typeof backupChecks;
