/** Redis's and PostgreSQL's own files, damaged in each way that power cuts and restores damage files. */
import t, { type Test } from "tap";
import { waitFor } from "../../lib/wait.ts";
import { driftDocument } from "../../stack/documents/drift.ts";
import { statusDocument } from "../../stack/documents/status.ts";
import { damage, type Kind, played } from "./damage.ts";
import { health } from "./health.ts";
import { secret } from "./logins.ts";
import { required } from "./required.ts";
import { planIsEmpty } from "./rows/reboot.ts";
import { becomesHealthy, endsHealthy, stackMachine } from "./stack-machine.ts";

t.setTimeout(20 * 60_000);

const { agent, postgres } = required;
const port = 6380;
const unit = `redis-server@${port}.service`;
const folder = `/var/lib/redis/${port}`;
const log = `${folder}/appendonlydir`;

type Row = readonly [file: string, kinds: readonly Kind[], left: "all" | "base" | "some" | "none"];

const long = process.env.STACK_LONG === "true";

/** Other damage that a long run plays, of files that are damaged in every run. */
const seldom: readonly Row[] = [
  [`${log}/*.incr.aof`, ["zeros all over"], "base"],
  [`${log}/*.base.rdb`, ["zeros behind it"], "all"],
];

/** What each damage of a file costs: keys of the base, keys of the increment. */
const rows: readonly Row[] = [
  ...(long ? seldom : []),
  [`${log}/*.incr.aof`, ["zeros behind it"], "all"],
  [`${log}/*.incr.aof`, ["foreign bytes in its middle"], "some"],
  [`${log}/*.base.rdb`, ["foreign bytes in its middle", "cut to its half", "gone"], "none"],
  [
    `${log}/*.manifest`,
    ["cut by three bytes", "zeros behind it", "empty", "zeros all over", "foreign bytes in its middle", "gone"],
    "all",
  ],
  [
    `${folder}/nodes.conf`,
    ["cut to its half", "foreign bytes in its middle", "zeros all over", "empty", "gone"],
    "all",
  ],
];

const machine = await stackMachine(t);
if (machine !== undefined) {
  const cli = `REDISCLI_AUTH=$(cat /var/lib/stack-agent/secrets/redis.auth) redis-cli -p ${port}`;
  const keys = async (): Promise<number> => Number(await machine.sh(`${cli} --raw dbsize`));
  const provision = () => machine.exec("stack-agent", ["provision"], { accept: [0, 1], timeout: 240_000 });
  const fill = (name: string) =>
    machine.sh(`for i in $(seq 300); do echo "SET ${name}:$i ${"x".repeat(80)}"; done | ${cli} >/dev/null`);
  let inBase = 0;
  let inAll = 0;
  const prepare = async (t: Test): Promise<void> => {
    await machine.sh(`${cli} flushall; true`);
    await fill("base");
    inBase = await keys();
    await machine.sh(
      `${cli} bgrewriteaof; for i in $(seq 100); do ${cli} info persistence | grep -q 'rewrite_in_progress:0' && ls ${log}/*.base.rdb >/dev/null && break; sleep 0.1; done`,
    );
    await fill("increment");
    inAll = await keys();
    t.ok(inBase > 20 && inAll > inBase + 20, `${inBase} keys, then ${inAll}`);
    // What is in the log is on the disk: appendfsync everysec.
    await machine.exec("systemctl", ["stop", unit], { timeout: 60_000 });
  };

  t.test("it is healthy to begin with", async (t) => {
    await becomesHealthy(t, machine, await machine.start(), "first boot");
  });

  for (const [file, kinds, left] of rows) {
    for (const kind of played(kinds)) {
      const name = file.slice(file.lastIndexOf("/") + 1);
      t.test(`${name}, ${kind}: provisioning brings the node back with ${left} of its keys`, async (t) => {
        await prepare(t);
        await damage(machine, file, kind);
        await machine.exec("systemctl", ["start", "--no-block", unit]);
        const { code, stdout, stderr } = await provision();
        t.equal(code, 0, stdout + stderr);
        const found = await keys();
        // The agent's check writes keys of its own.
        if (left === "all") t.ok(found >= inAll, `${found} keys of ${inAll}`);
        if (left === "base") t.ok(found >= inBase && found < inAll, `${found} keys of ${inBase} in the base`);
        if (left === "some") t.ok(found > inBase && found < inAll, `${found} keys of ${inAll}`);
        if (left === "none") t.ok(found < inBase, `${found} keys`);
        await planIsEmpty(t, machine);
        const aside = await machine.sh(`ls -d ${folder}/*.set-aside-* ${log}/*.set-aside-* 2>/dev/null || true`);
        const isMissed = kind !== "gone" && !(name === "nodes.conf" && kind === "empty");
        t.equal(aside !== "", isMissed || left === "none", `set aside: ${aside}`);
        const status = statusDocument.parse(
          JSON.parse(
            (await machine.exec("stack-agent", ["status", "--format", "json"], { accept: [0, 1, 2, 3] })).stdout,
          ),
        );
        if (isMissed) t.match(status.setAside?.join("\n"), new RegExp(`${folder}/.*lost: `));
        await machine.sh(`rm -rf ${folder}/*.set-aside-* ${log}/*.set-aside-*`);
      });
    }
  }

  if (long)
    t.test("a node with another's nodes.conf becomes itself again", async (t) => {
      await prepare(t);
      await machine.sh(`cp -p /var/lib/redis/6379/nodes.conf ${folder}/nodes.conf`);
      await machine.exec("systemctl", ["start", "--no-block", unit]);
      const { code, stdout, stderr } = await provision();
      t.equal(code, 0, stdout + stderr);
      t.ok((await keys()) >= inAll);
      await planIsEmpty(t, machine);
      await machine.sh(`rm -rf ${folder}/*.set-aside-*`);
    });

  t.test(
    "a node that dies of it in the running stack is named by health, drift and status, and the next boot mends it",
    async (t) => {
      await prepare(t);
      await damage(machine, `${log}/*.incr.aof`, "zeros behind it");
      await machine.exec("systemctl", ["start", "--no-block", unit]);
      const authorization = `Bearer ${await secret(machine, "health.token")}`;
      const told = async () => {
        const { document } = await health(machine, agent.port, "/health/redis", { authorization });
        const output = document.checks["redis:cluster"]?.[0]?.output ?? "";
        return output.includes("again and again") && output;
      };
      const output = await waitFor(told, { what: "health to tell why", timeout: 90_000, interval: 500 });
      t.match(
        output,
        new RegExp(
          `^node ${port} \\(${unit}\\) does not answer: .*${unit} starts again and again: Bad file format reading the append only file.*\\(stack-agent provision\\)`,
        ),
      );
      const drift = await machine.exec("stack-agent", ["drift", "--json"], { accept: [2] });
      t.match(driftDocument.parse(JSON.parse(drift.stdout)).failing, [
        { stage: "redis", unit, help: "stack-agent provision" },
      ]);
      t.match((await machine.exec("stack-agent", ["drift"], { accept: [2] })).stdout, /^Starts again and again:$/m);
      // Just after provisioning a failing component counts as one that is coming up.
      t.match(
        (await machine.exec("stack-agent", ["status"], { accept: [1, 3] })).stdout,
        /starts again and again: Bad/,
      );
      await endsHealthy(t, machine, await machine.reboot({ kill: true }), "the next boot");
      t.ok((await keys()) >= inAll);
      await machine.sh(`rm -rf ${folder}/*.set-aside-* ${log}/*.set-aside-*`);
    },
  );

  t.test(
    "a node that takes few clients, and indexes of another collation, are warned of by health and doctor",
    async (t) => {
      const state = async (component: string, code: string) =>
        (await health(machine, agent.port, `/health/${component}`)).document.components[0]?.code === code;
      const told = (component: string, code: string) =>
        waitFor(() => state(component, code), { what: `${component} to be ${code}`, timeout: 60_000, interval: 200 });
      await machine.sh(`${cli} config set maxclients 992`);
      await told("redis", "few-clients");
      await machine.sh(`${cli} config set maxclients 10000`);
      const sql = (text: string) => machine.sh(`runuser -u postgres -- psql -qX -d postgres -c "${text}" 2>&1`);
      await sql(`UPDATE pg_database SET datcollversion = '1.0' WHERE datname = '${postgres.database}'`);
      await told("postgres", "collation-version");
      const { stdout } = await machine.exec("stack-agent", ["doctor"], { accept: [0, 1, 2], timeout: 120_000 });
      const command = /psql -d \S+ -c '[^']*' -c '[^']*'/.exec(stdout)?.[0] ?? "false";
      await machine.exec("runuser", ["-u", "postgres", "--", "sh", "-c", command], { timeout: 120_000 });
      await told("redis", "ok");
      await told("postgres", "ok");
      t.match(command, /REINDEX DATABASE/);
    },
  );

  const postgresRows: readonly [file: string, kind: Kind, told: RegExp][] = [
    ["global/pg_control", "empty", /starts again and again: could not read file "global\/pg_control"/],
    ["global/pg_filenode.map", "gone", /can't read its data in .*: could not open file "global\/pg_filenode\.map"/],
  ];
  for (const [file, kind, told] of long ? postgresRows : postgresRows.slice(0, 1)) {
    t.test(`PostgreSQL's ${file}, ${kind}: the file, why, and what helps are told; nothing is touched`, async (t) => {
      const path = `${postgres.dataDirectory}/${file}`;
      await machine.sh(`systemctl stop ${postgres.unit} && cp -p ${path} /root/kept`, { timeout: 120_000 });
      await damage(machine, path, kind);
      await machine.exec("systemctl", ["start", "--no-block", postgres.unit]);
      const { code, stdout, stderr } = await provision();
      t.equal(code, 1);
      t.match(stdout + stderr, told);
      t.match(stdout, /^hint: restore a backup: systemctl stop /m);
      t.match((await machine.exec("stack-agent", ["status"], { accept: [1] })).stdout, told);
      t.equal(await machine.sh(`ls -d ${postgres.dataDirectory}*`), postgres.dataDirectory);
      // It can't end in order without the file.
      const { unit } = postgres;
      await machine.sh(`systemctl kill -s KILL ${unit}; systemctl stop ${unit}; cp -p /root/kept ${path}`);
      t.equal((await provision()).code, 0);
      await planIsEmpty(t, machine);
    });
  }
}
