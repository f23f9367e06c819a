import type { Run } from "../../../lib/run.ts";

export interface AskOptions {
  readonly run: Run;
  readonly signal: AbortSignal;
  /** Default: the one that every server has. */
  readonly database?: string | undefined;
}

/** Rows of a query of the superuser's, by peer login: what the agent's own role may not see. Fields end with `|`. */
export async function askSuperuser(
  query: string,
  { run, signal, database = "postgres" }: AskOptions,
): Promise<readonly string[]> {
  const psql = ["-u", "postgres", "--", "psql", "-XAtq", "-d", database, "-c", query];
  const { stdout } = await run("runuser", psql, { cwd: "/", signal, timeout: 10_000 });
  return stdout.split("\n").filter((line) => line !== "");
}
