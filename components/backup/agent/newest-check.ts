import type { CheckOpener, Outcome } from "../../../engine/check.ts";
import type { BackupModel } from "../../../stack/components/backup/model.ts";
import { type BackupRecord, readRecord } from "./record.ts";

const HOUR = 3_600_000;

/** What a first backup may take before its lack is told of. */
const GRACE = HOUR / 6;

/** Whether there is a backup, and one that is proven, that is new enough. */
export function newestCheck(
  backup: Pick<BackupModel, "newestWithin" | "provenWithin" | "check">,
  stateDirectory: string,
): CheckOpener {
  return () => ({
    run: async () => {
      const [record, now] = [await readRecord(stateDirectory), Date.now()];
      const { proven } = record;
      const figures = { ...(proven && { stack_backup_proven_age_seconds: (now - Date.parse(proven.at)) / 1000 }) };
      return { ...newestOutcome(record, backup, now), figures };
    },
    close: async () => {},
  });
}

export function newestOutcome(
  { repository, newest, proven }: BackupRecord,
  { newestWithin, provenWithin, check }: Pick<BackupModel, "newestWithin" | "provenWithin" | "check">,
  now: number,
): Outcome {
  const hours = (at: string): number => Math.max(0, Math.round((now - Date.parse(at)) / (HOUR / 10)) / 10);
  if (newest === undefined) {
    // The first one begins when the repository is made.
    if (repository !== undefined && now - Date.parse(repository.since) < GRACE)
      return { status: "pass", code: "first-backup" };
    return { status: "warn", code: "no-backup", message: "there is no backup yet (stack-agent backup now)" };
  }
  const age = hours(newest.at);
  const warn = (code: string, message: string): Outcome => ({ status: "warn", code, message, observedValue: age });
  if (age > newestWithin * 24)
    return warn("backup-old", `the newest backup is of ${newest.at} (stack-agent job ls; stack-agent backup now)`);
  // A new machine has a while to prove its first one.
  const since = proven?.at ?? repository?.since;
  if (check !== "off" && since !== undefined && hours(since) > provenWithin * 24) {
    const which =
      proven === undefined ? "no backup was ever restored for trial" : `the newest proven backup is of ${proven.at}`;
    return warn("proof-old", `${which} (stack-agent backup check)`);
  }
  return { status: "pass", code: "ok", observedValue: age };
}
