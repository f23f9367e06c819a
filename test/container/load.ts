import { fileURLToPath } from "node:url";
import { type Run, run } from "../../lib/run.ts";

/** What came of asking. Times are milliseconds from when a request was due to the end of its answer. */
export interface Load {
  readonly answered: number;
  readonly failed: number;
  /** How many answers had each HTTP status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly perSecond: number;
  /** Of one answer's body, on average. */
  readonly bytes: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface LoadOptions {
  readonly url: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** Where it runs: `/proc/PID/ns/net`; default here. */
  readonly namespace?: string;
}

/** Asks a URL at a steady rate, by a process of its own. */
export async function load({ url, perSecond, seconds, namespace }: LoadOptions, by: Run = run): Promise<Load> {
  const program = fileURLToPath(new URL("./load-child.ts", import.meta.url));
  const words = [process.execPath, "--no-warnings", program, url, `${perSecond}`, `${seconds}`];
  const [command = "", ...args] = namespace === undefined ? words : ["nsenter", `--net=${namespace}`, ...words];
  const { stdout } = await by(command, args, { timeout: seconds * 1000 + 60_000 });
  return JSON.parse(stdout) as Load;
}
