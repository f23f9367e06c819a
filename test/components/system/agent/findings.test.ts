import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { collations } from "../../../../components/postgres/agent/collations.ts";
import { openFiles } from "../../../../components/system/agent/open-files.ts";
import { StackError } from "../../../../lib/error.ts";
import type { Run } from "../../../../lib/run.ts";

t.test("a low hard limit of open files is told with what it leaves Redis, and the setting on the node", async (t) => {
  const limits = join(t.testdir(), "limits");
  const write = (soft: string, hard: string) =>
    writeFile(
      limits,
      `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 ${hard}               files\n`,
    );
  const table = [
    ["1024", "1024", "warn", /1024 a process.*Redis takes 992 clients/, /lxc\.prlimit\.nofile: 65536/],
    ["1024", "524288", "pass", /524288/, undefined],
    ["1024", "unlimited", "pass", /unlimited/, undefined],
  ] as const;
  for (const [soft, hard, status, message, hint] of table) {
    await write(soft, hard);
    t.match(await openFiles(limits), { name: "open-files", status, message, ...(hint && { hint }) });
  }
});

t.test("databases of another collation version are named, each with the commands in their order", async (t) => {
  const { signal } = new AbortController();
  const answering =
    (stdout: string): Run =>
    async () => ({ stdout, stderr: "", code: 0 });
  t.match(await collations({ run: answering(""), signal }), { status: "pass" });
  const found = await collations({ run: answering("orders\npostgres\n"), signal });
  t.match(found, { status: "warn", message: /orders, postgres/ });
  t.match(
    found.hint,
    /REINDEX DATABASE orders.*ALTER DATABASE orders REFRESH COLLATION VERSION.*REINDEX DATABASE postgres/,
  );
  const down: Run = async () => {
    throw new StackError("command-failed", "psql: connection refused");
  };
  t.match(await collations({ run: down, signal }), { status: "warn", message: "not known: psql: connection refused" });
});
