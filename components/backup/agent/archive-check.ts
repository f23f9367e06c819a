import { statfs } from "node:fs/promises";
import type { CheckOpener, Outcome } from "../../../engine/check.ts";
import { readTextIfAny } from "../../../lib/files.ts";
import type { BackupModel } from "../../../stack/components/backup/model.ts";

/** What pgbackrest-push left of its last try, in the order of its lines. */
export interface ArchiveState {
  readonly how: "ok" | "failing" | "gap" | "closed";
  /** Milliseconds of the epoch. */
  readonly since: number;
  /** Files that wait. */
  readonly waiting: number;
  readonly says: string;
}

export const archiveState = "/run/postgresql/archive";

/** MiB of a file of PostgreSQL's log. */
const SEGMENT = 16;

/** Whether what PostgreSQL writes gets into the archive. It warns at once, and fails before the disk or the queue is full. */
export function archiveCheck(backup: Pick<BackupModel, "queue">, dataDirectory: string): CheckOpener {
  return () => ({
    run: async () => {
      const [text, disk] = await Promise.all([
        readTextIfAny(archiveState),
        // The data directory itself is PostgreSQL's alone.
        statfs(dataDirectory.replace(/(\/[^/]+){2}$/, "")),
      ]);
      const free = Math.floor((disk.bavail * disk.bsize) / 1_048_576);
      return archiveOutcome(parseArchiveState(text), { queue: backup.queue, free });
    },
    close: async () => {},
  });
}

export function parseArchiveState(text: string | undefined): ArchiveState | undefined {
  const [how, since, waiting, ...says] = (text ?? "").split("\n");
  if (how !== "ok" && how !== "failing" && how !== "gap" && how !== "closed") return undefined;
  return { how, since: Number(since) * 1000, waiting: Number(waiting) || 0, says: says.join(" ").trim() };
}

export interface ArchiveRoom {
  /** MiB that may wait, and that are free where it waits. */
  readonly queue: number;
  readonly free: number;
}

export function archiveOutcome(state: ArchiveState | undefined, { queue, free }: ArchiveRoom): Outcome {
  const waits = (state?.waiting ?? 0) * SEGMENT;
  const observed = { observedValue: waits };
  const warn = (code: string, message: string): Outcome => ({ status: "warn", code, message, ...observed });
  switch (state?.how) {
    case "gap":
      return warn(
        "archive-gap",
        `the archive was away for too long, and what was written from ${state.says} on was given up: no moment after that can be restored until the next backup (stack-agent backup now)`,
      );
    case "failing":
    case "closed": {
      const since = Number.isFinite(state.since) ? new Date(state.since).toISOString().slice(0, 19) : "a while";
      const message = `nothing is archived since ${since}Z, ${waits} MiB wait: ${state.says} (journalctl -u 'postgresql@*' -n 20)`;
      const limit = Math.min(queue, waits + free);
      if (waits >= limit / 2) {
        return {
          status: "fail",
          code: "archive-full",
          message: `${message}; at ${queue} MiB it is given up`,
          ...observed,
        };
      }
      return warn(state.how === "failing" ? "archive-failing" : "archive-closed", message);
    }
    default:
      return { status: "pass", code: "ok", ...observed };
  }
}
