import type {
  BackupChangeDocument,
  BackupCheckDocument,
  BackupsDocument,
  RestoreDocument,
} from "../../stack/documents/backups.ts";
import { textTable } from "../cli/text-table.ts";

/** Backups, a line each, as `backup ls` prints them. */
export function backupsTable({ place, repository, encrypted, sameDisk, since, backups }: BackupsDocument): string {
  const where = `${repository ?? "No repository yet"} in ${place}, ${encrypted ? "encrypted" : "not encrypted"}`;
  const rows = backups.map(({ label, type, ended, size, stored, events, damaged, proven, parts = [] }) => ({
    cells: [label, type, day(ended), amount(size), amount(stored), events === undefined ? "" : `${events}`],
    note: [
      ...(damaged ? ["made of a damaged database"] : []),
      ...(parts.length === 0 ? [] : [`with ${parts.join(", ")}`]),
      ...(proven === undefined ? [] : [`restored for trial ${day(proven)}, and whole`]),
    ].join("; "),
  }));
  return text([
    `${where}.`,
    ...(sameDisk ? ["It lies on the disk of the database: what takes one takes both."] : []),
    since === undefined
      ? "Nothing can be restored yet: stack-agent backup now."
      : `Every moment since ${day(since)} UTC can be restored.`,
    ...textTable(["backup", "type", "complete", "database", "stored", "events"], rows, false),
  ]);
}

export function changeText({ label, type, stored, parts = [], seconds }: BackupChangeDocument): string {
  return text([
    `${label}: a ${type} backup of ${amount(stored)}, after ${seconds.toFixed(1)} s.`,
    `With it: ${parts.join(", ")}.`,
  ]);
}

export function checkText({ label, events, least, parts, seconds }: BackupCheckDocument): string {
  const atLeast = least === undefined ? "" : `, ${least} when it was begun`;
  return text([
    `${label} comes back whole: ${events} events with what was archived since${atLeast}. ${seconds.toFixed(1)} s.`,
    ...(parts.length === 0 ? [] : [`And so does, beside the database: ${parts.join(", ")}.`]),
  ]);
}

export function restoreText({ label, to, events, before, parts, state, seconds }: RestoreDocument): string {
  return text([
    `Restored from ${label}, after ${seconds.toFixed(1)} s.`,
    ...(events === undefined
      ? []
      : [`The database, ${to === undefined ? "with all that was archived since" : `as of ${to}`}: ${events} events.`]),
    ...(parts.length === 0 ? [] : [`As the backup has it: ${parts.join(", ")}.`]),
    ...(before === undefined ? [] : [`The database before it is ${before}; once you need it no more: rm -r ${before}`]),
    ...(state === "done" ? [] : ["It is not provisioned yet: stack-agent status"]),
  ]);
}

/** ISO 8601, to the second, as people read it. */
function day(date: string): string {
  return date.slice(0, 19).replace("T", " ");
}

function amount(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(bytes < 10_485_760 ? 1 : 0)} MiB`;
}

function text(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
