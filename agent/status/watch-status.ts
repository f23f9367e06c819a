import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../lib/clock.ts";
import type { Output } from "../cli/output.ts";
import type { Look } from "./look.ts";
import { reportChanges } from "./report-changes.ts";
import { statusTable } from "./status-table.ts";

export interface WatchOptions {
  readonly look: () => Promise<Look>;
  readonly clock: Clock;
  readonly format: "table" | "json";
  readonly output: Output;
  /** Ends the watch: nothing else does. */
  readonly signal: AbortSignal;
  /** Milliseconds between two looks. Default 1000. */
  readonly interval?: number;
}

/**
 * Shows every look: the table, drawn anew on a terminal; a line for each change where the
 * output goes elsewhere; as JSON a document a line.
 */
export async function watchStatus({ look, clock, format, output, signal, interval = 1000 }: WatchOptions) {
  const report = reportChanges(clock, (line) => output.write(`${line}\n`));
  const aborted = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  while (!signal.aborted) {
    // A look at an agent that hangs must not keep Ctrl-C waiting.
    const found = await Promise.race([look(), aborted]);
    if (found === undefined) return;
    if (format === "json") output.write(`${JSON.stringify(found.status)}\n`);
    else if (output.rows === undefined) report(found);
    else output.write(drawn(screen(found, clock, output.colours), output.rows()));
    await sleep(interval, undefined, { signal }).catch(() => {});
  }
}

function screen({ status, trouble }: Look, clock: Clock, colours: boolean): string {
  const table = statusTable(status, clock.date(), colours);
  return trouble === undefined ? table : `${table}\n${trouble.message}\nhint: ${trouble.hint}\n`;
}

/** From the top, each line's old rest erased, then all below: no flicker, as clearing first would give. */
function drawn(text: string, rows: number): string {
  const lines = text.trimEnd().split("\n");
  const kept = lines.length < rows ? lines : [...lines.slice(0, Math.max(1, rows - 2)), "…"];
  return `\u001b[H${kept.map((line) => `${line}\u001b[K\n`).join("")}\u001b[J`;
}
