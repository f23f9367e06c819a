import { existsSync, fstatSync, realpathSync } from "node:fs";
import { type Log, stderrLog } from "../../lib/log.ts";
import type { SendDatagram } from "../notify/datagram-sender.ts";
import { loadAddon } from "../notify/load-addon.ts";
import { type Entry, journalEntry, nativeEntry, prefixedLines } from "./entry.ts";

export interface JournalOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The running program's file, `process.argv[1]`: the addon lies beside it. Undefined: do without the addon. */
  readonly program: string | undefined;
  /** For journald's native protocol, where there is no addon. */
  readonly send: SendDatagram | undefined;
  /** journald's socket; default systemd's. */
  readonly socket?: string;
  /** Where lines go when journald can't be reached; default standard error. */
  readonly write?: (text: string) => void;
}

const identifier = "stack-agent";

/**
 * The log of a process that systemd started: structured fields to the journal, by the
 * systemd-journald addon, else by the native protocol, else as lines with a priority on
 * standard error. Elsewhere (a terminal, a test) plain lines on standard error.
 *
 * Logs one entry a call and never throws.
 */
export function openLog(options: JournalOptions): Log {
  if (!isJournalOurs(options.environment)) return stderrLog;
  const socket = options.socket ?? "/run/systemd/journal/socket";
  const write = options.write ?? ((text) => void process.stderr.write(text));
  // The addon answers success where there is no journald and the entry is lost.
  const addon = options.socket === undefined && existsSync(socket) ? journalAddon(options.program) : undefined;
  return (level, message, fields) => {
    const entry = journalEntry(identifier, level, message, fields);
    if (addon !== undefined && sendByAddon(addon, entry)) return;
    const fallBack = (): void => write(prefixedLines(level, message));
    if (options.send === undefined) fallBack();
    else options.send(socket, nativeEntry(entry)).catch(fallBack);
  };
}

/**
 * Whether standard error is the journal: systemd names its device and inode. A variable
 * inherited by a shell that writes elsewhere does not count (systemd.exec(5), JOURNAL_STREAM).
 */
function isJournalOurs(environment: JournalOptions["environment"]): boolean {
  const stream = environment.JOURNAL_STREAM;
  if (stream === undefined) return false;
  const { dev, ino } = fstatSync(2);
  return stream === `${dev}:${ino}`;
}

interface JournalAddon {
  /** sd_journal_sendv: a syslog priority and `NAME=value` strings; negative errno on failure. */
  send(priority: number, ...fields: string[]): number;
}

function journalAddon(program: string | undefined): JournalAddon | undefined {
  const addon = program === undefined ? undefined : loadAddon(realpathSync(program), ["./journald.node"]);
  return isJournalAddon(addon) ? addon : undefined;
}

function sendByAddon(addon: JournalAddon, entry: Entry): boolean {
  const priority = Number(entry.find(([name]) => name === "PRIORITY")?.[1]);
  const fields = entry.filter(([name]) => name !== "PRIORITY").map(([name, value]) => `${name}=${value}`);
  return addon.send(priority, ...fields) >= 0;
}

function isJournalAddon(addon: unknown): addon is JournalAddon {
  return typeof addon === "object" && addon !== null && "send" in addon && typeof addon.send === "function";
}
