import { messageOf } from "../../../lib/error.ts";
import type { Run } from "../../../lib/run.ts";
import type { MachineFinding } from "../../../stack/documents/doctor.ts";
import { refreshCollation } from "./refresh-collation.ts";

const query =
  "select datname from pg_database where datallowconn and datcollversion is distinct from pg_database_collation_actual_version(oid) order by 1";

/** Databases whose indexes of text were made by another version of the C library: of a volume from another Debian. */
export async function collations({
  run,
  signal,
}: {
  readonly run: Run;
  readonly signal: AbortSignal;
}): Promise<MachineFinding> {
  const name = "collations";
  try {
    const psql = ["-u", "postgres", "--", "psql", "-XAtq", "-d", "postgres", "-c", query];
    const { stdout } = await run("runuser", psql, { cwd: "/", signal, timeout: 10_000 });
    const differing = stdout.split("\n").filter((line) => line !== "");
    if (differing.length === 0) return { name, status: "pass", message: "as the databases' indexes were made" };
    return {
      name,
      status: "warn",
      message: `of another version than the indexes of ${differing.join(", ")} were made by: searches may miss rows`,
      hint: `as postgres: ${differing.map(refreshCollation).join("; ")}`,
    };
  } catch (error) {
    if (signal.aborted) throw error;
    return { name, status: "warn", message: `not known: ${messageOf(error)}`, hint: "stack-agent status" };
  }
}
