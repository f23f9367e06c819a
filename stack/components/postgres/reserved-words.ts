/**
 * Words that SQL has no name for without quotes: of PostgreSQL's `pg_get_keywords()` those of the
 * kinds R and T, 15's and what 17 adds.
 */
export const reservedWords: ReadonlySet<string> = new Set(
  `all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate
  collation column concurrently constraint create cross current_catalog current_date current_role
  current_schema current_time current_timestamp current_user default deferrable desc distinct do else end
  except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into is
  isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only
  or order outer overlaps placing primary references returning right select session_user similar some symmetric
  system_user table tablesample then to trailing true union unique user using variadic verbose when where window
  with`.split(/\s+/),
);

/** What stands for something else in pg_hba.conf (https://www.postgresql.org/docs/15/auth-pg-hba-conf.html), and in GRANT. */
export const hbaWords: ReadonlySet<string> = new Set([
  "sameuser",
  "samerole",
  "samegroup",
  "replication",
  "public",
  "none",
]);
