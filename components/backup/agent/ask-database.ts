import type { Run } from "../../../lib/run.ts";

export interface DatabaseOptions {
  readonly run: Run;
  readonly signal: AbortSignal;
  /** Folder of the server's socket. */
  readonly socket: string;
  readonly port: number;
  readonly database: string;
  /** Milliseconds; default a minute. */
  readonly timeout?: number;
}

/** One value, asked for as PostgreSQL's own account over the socket. @throws StackError `command-failed` */
export async function askDatabase(
  statement: string,
  { run, signal, socket, port, database, timeout = 60_000 }: DatabaseOptions,
): Promise<string> {
  const psql = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"];
  const where = ["-h", socket, "-p", `${port}`, "-d", database, "-c", statement];
  const { stdout } = await run("runuser", ["-u", "postgres", "--", ...psql, ...where], { cwd: "/", signal, timeout });
  return stdout.trim();
}

/** How many events there are. */
export async function countEvents(options: DatabaseOptions): Promise<number> {
  return Number(await askDatabase("select count(*) from event_store.events", { timeout: 3_600_000, ...options }));
}
