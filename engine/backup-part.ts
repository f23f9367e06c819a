import type { Log } from "../lib/log.ts";
import type { Run } from "../lib/run.ts";
import type { BackupPartName } from "../stack/documents/backups.ts";
import type { Model } from "../stack/model.ts";

export interface BackupPartContext {
  readonly model: Model;
  readonly run: Run;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface SaveOptions extends BackupPartContext {
  /** RabbitMQ's messages too, for which it is stopped meanwhile. */
  readonly messages: boolean;
  /** Has the agent run one of its jobs before its turn. Doesn't wait for it. */
  readonly askForJob: (name: string) => Promise<void>;
}

/** What of a component is in a backup beside the database. */
export interface BackupPart {
  readonly name: BackupPartName;
  /** Whether it is put back for provisioning to put in force, or into servers that provisioning has brought up. */
  readonly comes: "before-provisioning" | "after-provisioning";
  /**
   * Copies it while the stack works.
   *
   * @param folder there, empty, root's alone
   * @returns whether there was something to copy
   */
  save(folder: string, options: SaveOptions): Promise<boolean>;
  /**
   * Looks at a copy, and touches nothing.
   *
   * @throws StackError `backup-unusable`, or why this machine can't take it
   */
  prove(folder: string, context: BackupPartContext): Promise<void>;
  /** Puts a copy back that was proven. May come again. */
  restore(folder: string, context: BackupPartContext): Promise<void>;
}
