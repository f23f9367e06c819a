import type { Found } from "../../../engine/finding.ts";
import { type AskOptions, askSuperuser } from "./ask-superuser.ts";
import { refreshCollation } from "./refresh-collation.ts";

const query =
  "select datname from pg_database where datallowconn and datcollversion is distinct from pg_database_collation_actual_version(oid) order by 1";

/** Databases whose indexes of text were made by another version of the C library: of a volume from another Debian. */
export async function collations(options: AskOptions): Promise<Found> {
  const differing = await askSuperuser(query, options);
  if (differing.length === 0) return { status: "pass", message: "as the databases' indexes were made" };
  return {
    status: "warn",
    message: `of another version than the indexes of ${differing.join(", ")} were made by: searches may miss rows`,
    hint: `as postgres: ${differing.map(refreshCollation).join("; ")}`,
  };
}
