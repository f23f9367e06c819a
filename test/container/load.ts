import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type Run, run } from "../../lib/run.ts";

/** What came of asking. Times are milliseconds from when a request was due to the end of its answer. */
export interface Load {
  readonly answered: number;
  readonly failed: number;
  /** How many of those failed how, by the system's error code. */
  readonly errors: Readonly<Record<string, number>>;
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
  /** A connection for each request; default: connections are kept. */
  readonly fresh?: boolean;
  /** Where it runs: `/proc/PID/ns/net`; default here. */
  readonly namespace?: string;
}

/** Asks a URL at a steady rate, by a process of its own. */
export async function load(options: LoadOptions, by: Run = run): Promise<Load> {
  const [command, ...args] = loadCommand(options);
  const { stdout } = await by(command, args, { timeout: options.seconds * 1000 + 60_000 });
  return parsed(stdout);
}

/** Its last line. */
function parsed(told: string): Load {
  return JSON.parse(told.trimEnd().split("\n").at(-1) ?? "") as Load;
}

/** The same for as long as some work takes; `seconds` at most. */
export async function loadWhile<T>(
  options: LoadOptions,
  work: () => Promise<T>,
): Promise<{ readonly load: Load; readonly result: T }> {
  const [command, ...args] = loadCommand(options);
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const told = text(child.stdout);
  try {
    // A line once it asks: a program takes its time to begin, and one that has not begun is killed by its signal.
    await once(child.stdout, "data");
    const result = await work();
    child.kill("SIGTERM");
    return { load: parsed(await told), result };
  } finally {
    child.kill("SIGTERM");
  }
}

function loadCommand({ url, perSecond, seconds, fresh, namespace }: LoadOptions): [string, ...string[]] {
  const program = fileURLToPath(new URL("./load-child.ts", import.meta.url));
  const how = fresh ? ["fresh"] : [];
  const words = ["--no-warnings", program, url, `${perSecond}`, `${seconds}`, ...how];
  if (namespace === undefined) return [process.execPath, ...words];
  return ["nsenter", `--net=${namespace}`, process.execPath, ...words];
}
