/**
 * The command that makes a database's indexes anew and then says so. The order matters: once it is
 * said, nothing warns any more. https://www.postgresql.org/docs/15/sql-altercollation.html#SQL-ALTERCOLLATION-NOTES
 */
export function refreshCollation(database: string): string {
  return `psql -d ${database} -c 'REINDEX DATABASE ${database}' -c 'ALTER DATABASE ${database} REFRESH COLLATION VERSION'`;
}
