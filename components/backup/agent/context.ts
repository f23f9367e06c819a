import type { BackupPart } from "../../../engine/backup-part.ts";
import { StackError } from "../../../lib/error.ts";
import type { Log } from "../../../lib/log.ts";
import type { Run } from "../../../lib/run.ts";
import type { BackupModel } from "../../../stack/components/backup/model.ts";
import type { PostgresModel } from "../../../stack/components/postgres/model.ts";
import type { Model } from "../../../stack/model.ts";

/** What a command about backups works with. */
export interface BackupContext {
  readonly model: Model;
  readonly run: Run;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** What is in a backup beside the database, in the order in which it comes back. */
  readonly parts: readonly BackupPart[];
}

export interface BackedUp {
  readonly backup: BackupModel;
  readonly postgres: PostgresModel;
}

/** @throws StackError `no-backups` where the stack is not backed up */
export function backedUp({ backup, postgres }: Pick<Model, "backup" | "postgres">): BackedUp {
  if (backup !== undefined && postgres !== undefined) return { backup, postgres };
  throw new StackError("no-backups", "this stack's definition has no section backup", {
    hint: "docs/stack-definition.md tells of it: backup: {target: {directory: /mnt/backup}}; then: stack-agent provision",
  });
}
