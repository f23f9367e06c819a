import type { FindingsOptions } from "../../../engine/agent-part.ts";
import { type Found, finding } from "../../../engine/finding.ts";
import type { BackupModel } from "../../../stack/components/backup/model.ts";
import type { MachineFinding } from "../../../stack/documents/doctor.ts";
import { newestOutcome } from "./newest-check.ts";
import { type BackupRecord, readRecord } from "./record.ts";

export function findings({ model: { backup, paths }, signal }: FindingsOptions): Promise<readonly MachineFinding[]> {
  if (backup === undefined) return Promise.resolve([]);
  const look = async (): Promise<Found> => judgeBackups(await readRecord(paths.state), backup, Date.now());
  return Promise.all([finding("backups", signal, look)]);
}

type Limits = Pick<BackupModel, "newestWithin" | "provenWithin" | "check">;

/** How old the newest backup is, and the newest that was restored for trial. @param now milliseconds since 1970 */
export function judgeBackups(record: BackupRecord, limits: Limits, now: number): Found {
  const { newest, proven, repository } = record;
  const ages = [
    newest === undefined ? "there is no backup yet" : `the newest is ${age(newest.at, now)} old`,
    proven === undefined ? "none was restored for trial yet" : `the newest proven is ${age(proven.at, now)} old`,
    ...(repository?.sameDisk ? ["they lie on the disk of the database"] : []),
  ];
  const message = ages.join("; ");
  const { status, code } = newestOutcome(record, limits, now);
  if (status === "pass") return { status, message };
  const mends = code === "proof-old" ? "stack-agent backup check" : "stack-agent backup now";
  return { status: "warn", message, hint: `${mends}; why its job didn't: stack-agent job ls` };
}

function age(at: string, now: number): string {
  const hours = Math.max(0, (now - Date.parse(at)) / 3_600_000);
  return hours < 48 ? `${hours.toFixed(1)} h` : `${(hours / 24).toFixed(1)} days`;
}
