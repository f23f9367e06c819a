import { tellingLine } from "../../../engine/facts/last-words.ts";
import type { FailingServer } from "../../../engine/stage.ts";
import { messageOf, StackError } from "../../../lib/error.ts";
import type { PostgresModel } from "../../../stack/components/postgres/model.ts";

/** Words for clients that come too early say nothing of why a server ends. */
const ownFault = /\b(?:PANIC|FATAL): +(?! |the database system is |password |remaining connection|role |no pg_hba)(.+)/;

/**
 * A server that starts again and again, and what helps. Its files hold what exists nowhere else:
 * they are never set aside here, and pg_resetwal is not run, which makes it start with what was
 * acknowledged lost and what is left at odds with itself.
 */
export function failingPostgres(words: readonly string[], postgres: PostgresModel): FailingServer {
  const { unit, dataDirectory } = postgres;
  const says = tellingLine(words, [ownFault, /\b(?:ERROR|LOG): +(.+)/]);
  if (!isDamage(says)) return { unit, says, help: `journalctl -b -u ${unit}` };
  return { unit, says: `${says} (its data is in ${dataDirectory})`, help: restore(postgres) };
}

/** What a server says that runs, and can't read a file of its own. https://www.postgresql.org/docs/15/errcodes-appendix.html, class XX */
const unread =
  /\b(?:PANIC|FATAL|ERROR): +(.*(?:could not (?:open|read|access|locate) (?:file|block|directory|a valid)|invalid page|invalid magic|unexpected zero page|incorrect checksum|is corrupted|missing chunk).*)/;

/** An error of a look at a running server: as damage, where that is what the server has logged last; else as it is. */
export function explainDamage(error: unknown, words: readonly string[], postgres: PostgresModel): unknown {
  const said = unread.exec(words.findLast((line) => unread.test(line)) ?? "")?.[1];
  if (said === undefined) return error;
  const message = `${postgres.unit} can't read its data in ${postgres.dataDirectory}: ${said}`;
  return new StackError("data-damaged", message, { hint: restore(postgres), cause: messageOf(error) });
}

function restore({ unit, dataDirectory, database }: PostgresModel): string {
  return `restore a backup: systemctl stop ${unit} && mv ${dataDirectory} ${dataDirectory}.damaged && stack-agent provision, then pg_restore --dbname=${database} BACKUP as postgres; journalctl -b -u ${unit}`;
}

/** Not of its configuration, its port or the disk's room. */
function isDamage(says: string): boolean {
  return !/configuration|parameter|lock file|could not create any TCP|could not bind|No space left|Permission denied|wrong ownership|invalid permissions|shared memory|ssl/i.test(
    says,
  );
}
