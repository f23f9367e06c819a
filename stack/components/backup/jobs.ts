import type { DeclaredJob } from "../../model.ts";
import type { BackupModel } from "./model.ts";

const names = { full: "backup-full", differential: "backup-differential", check: "backup-check" } as const;

/** Names that no other job may have. */
export const backupJobNames: readonly string[] = Object.values(names);

/** The full backup, for who starts it before its turn. */
export const fullBackupUnit = unitOf(names.full);

/** Seconds that one may take. */
const longest = 86_400;

/** What runs by a schedule, in the sandbox of root's jobs. */
export function backupJobs(backup: BackupModel | undefined): DeclaredJob[] {
  if (backup === undefined) return [];
  const { full, differential, check } = backup;
  return [
    ...job(names.full, full, "backup now --type full"),
    ...job(names.differential, differential, "backup now --type differential"),
    ...job(names.check, check, "backup check"),
  ];
}

function job(name: string, schedule: string, command: string): DeclaredJob[] {
  if (schedule === "off") return [];
  const words = `/usr/bin/stack-agent ${command}`;
  return [{ name, schedule, command: words, user: "root", timeout: longest, unit: unitOf(name) }];
}

function unitOf(name: string): string {
  return `stack-job@${name}.service`;
}
