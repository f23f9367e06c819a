import { stat } from "node:fs/promises";
import type { Found } from "../../../../engine/finding.ts";
import { isErrno } from "../../../../lib/error.ts";
import type { Run } from "../../../../lib/run.ts";

/** Seconds by which a file of the past may seem to be of the future. */
const tolerance = 60;

/** The kernel's own word, adjtimex(2): 5 is TIME_ERROR, a clock that nothing keeps. Changes nothing. */
const ask = "import ctypes; print(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)))";

export interface ClockOptions {
  readonly run: Run;
  readonly signal: AbortSignal;
  readonly now: Date;
  /** Files that were written at different times. */
  readonly written: readonly string[];
}

/** A container has its node's clock: whether that is kept by anything, and whether it went backwards. */
export async function clock({ run, signal, now, written }: ClockOptions): Promise<Found> {
  const last = Math.max(0, ...(await Promise.all(written.map(modified))));
  const ahead = Math.round((last - now.getTime()) / 1000);
  if (ahead > tolerance) {
    const message = `it is ${now.toISOString()}, and files here were written ${ahead} s later`;
    return { status: "warn", message, hint: "on the node: timedatectl; then set its clock right" };
  }
  const { stdout } = await run("python3", ["-c", ask], { signal, timeout: 10_000 });
  const state = Number(stdout.trim());
  if (state === 5) {
    const hint = "on the node: systemctl enable --now chrony; timedatectl shows when it is synchronized";
    return { status: "warn", message: "the node's clock is kept by nothing (not synchronized)", hint };
  }
  if (state < 0) return { status: "pass", message: "not told by this kernel" };
  return { status: "pass", message: "the node keeps it synchronized" };
}

async function modified(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return 0;
    throw error;
  }
}
