import t from "tap";
import { explainDamage, failingPostgres } from "../../../../components/postgres/agent/failing.ts";
import { stackModel } from "../../../stack/stack-model.ts";

const { postgres } = stackModel();
if (postgres === undefined) throw new TypeError("the default stack has PostgreSQL");
const { unit } = postgres;

t.test("of a server that can't read its files the file, the reason and the restore are told", async (t) => {
  const words = [
    `2026-11-29 13:00:00.000 UTC [71] LOG:  starting PostgreSQL 15.14`,
    `2026-11-29 13:00:00.010 UTC [71] FATAL:  could not open file "global/pg_filenode.map": No such file or directory`,
    `2026-11-29 13:00:00.011 UTC [75] FATAL:  the database system is starting up`,
    `2026-11-29 13:00:00.012 UTC [71] LOG:  database system is shut down`,
  ];
  const { says, help } = failingPostgres(words, postgres);
  t.match(
    says,
    /^could not open file "global\/pg_filenode\.map": No such file or directory \(its data is in \/var\/lib\/postgresql\//,
  );
  t.match(help, new RegExp(`^restore a backup: systemctl stop ${unit} && mv ${postgres.dataDirectory} `));
  t.notMatch(help, /pg_resetwal/);
  t.match(failingPostgres(["[9] PANIC:  could not locate a valid checkpoint record"], postgres), {
    says: /^could not locate a valid checkpoint record /,
    help: /^restore a backup/,
  });
});

t.test("what is not its data's fault is told as it is", async (t) => {
  for (const why of [
    'could not create lock file "postmaster.pid": No space left on device',
    'configuration file "/etc/postgresql/15/main/postgresql.conf" contains errors',
    'data directory "/var/lib/postgresql/15/main" has wrong ownership',
    "could not create any TCP/IP sockets",
  ]) {
    t.strictSame(failingPostgres([`[71] FATAL:  ${why}`], postgres), {
      unit,
      says: why,
      help: `journalctl -b -u ${unit}`,
    });
  }
});

t.test("a server that runs, and can't read a file, is told as that; any other error of a look as it is", async (t) => {
  const error = new Error("Connection terminated unexpectedly");
  for (const why of [
    'could not open file "global/pg_filenode.map": No such file or directory',
    "invalid page in block 0 of relation base/16385/1259",
    'could not read block 3 in file "base/16385/2619": read only 0 of 8192 bytes',
  ]) {
    const told = explainDamage(error, ["LOG:  ready", `2026-11-29 UTC [9] ERROR:  ${why}`, "LOG:  x"], postgres);
    t.match(told, { code: "data-damaged", message: new RegExp(why.replace(/[/.]/g, ".")), hint: /^restore a backup/ });
  }
  t.equal(explainDamage(error, ['ERROR:  relation "x" does not exist'], postgres), error);
});
