/** PostgreSQL of three machines: it forms, its leader is lost in each way, and what was acknowledged is there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { waitFor } from "../../../lib/wait.ts";
import { clusterDocument } from "../../../stack/documents/cluster.ts";
import { freeze } from "../freeze.ts";
import { canRunContainers } from "../needs.ts";
import { failedUnits } from "../rows/machine.ts";
import { planIsEmpty } from "../rows/reboot.ts";
import { tellState } from "../stack-machine.ts";
import {
  agent,
  buildTemplate,
  clusterSections,
  type NodeName,
  nodeNames,
  stageIs,
  threeMachines,
} from "./three-machines.ts";

t.setTimeout(20 * 60_000);

const definition = `name: shop
version: 1.0.0
${clusterSections}postgres: {}
services: { till: { port: 8001 } }
`;

const text = readFileSync(join(import.meta.dirname, "../../../docs/cluster.md"), "utf8");
const switchover = /^runuser .* switchover .*$/m.exec(text)?.[0] ?? "the page has no such command";

/** Writes one row after another as the services' role, wherever they are taken, and notes each that was acknowledged. */
const writer = `
set -a; . /etc/shop/till.env; set +a
export PGPASSWORD=$(cat /var/lib/stack-agent/secrets/postgres.app)
export PGHOST=$POSTGRES_HOST PGPORT=$POSTGRES_PORT PGDATABASE=$POSTGRES_DATABASE PGUSER=$POSTGRES_USER
`;
const tick = `${writer}
i=0
while :; do
  i=$((i + 1))
  timeout 4 psql -XAtqc "insert into projections.acked values ('$1-$i')" 2>/dev/null && echo "$1-$i $(date +%s.%N)" >>/run/acked
done
`;

if (await canRunContainers(t)) {
  const template = await buildTemplate(t, definition);
  const machines = await threeMachines(t, template);
  const { a, b, c } = machines;
  t.teardown(async () => {
    if (!t.passing()) await tellState(t, a);
  });
  const servers = async (by: NodeName) => {
    const { stdout } = await agent(machines[by], "cluster status --json", [0, 1, 2]);
    return clusterDocument
      .parse(JSON.parse(stdout))
      .nodes.flatMap(({ name: node, servers }) => servers.map((server) => ({ ...server, node })))
      .filter(({ component }) => component === "postgres");
  };
  const leader = async (but?: NodeName): Promise<NodeName> => {
    const by = nodeNames.find((name) => name !== but) ?? "a";
    const look = async () => (await servers(by)).find(({ role, node }) => role === "leader" && node !== but)?.node;
    return (await waitFor(look, { what: "a server to lead", timeout: 90_000, interval: 500 })) as NodeName;
  };
  const whole = (by: NodeName) =>
    waitFor(async () => (await servers(by)).every(({ status }) => status === "pass"), {
      ...{ what: "all three servers to be well", timeout: 240_000, interval: 1000 },
    });
  const sql = (on: NodeName, text: string) =>
    machines[on].sh(`${writer} psql -XAtqc ${JSON.stringify(text)}`, { timeout: 60_000 });

  t.test("one alone waits for the others by name; when they have joined it forms by itself", async (t) => {
    await Promise.all([a, b, c].map((machine) => machine.start()));
    await stageIs(a, "cluster", "waiting", 120);
    await agent(a, "cluster init");
    await waitFor(async () => (await stageIs(a, "postgres", "waiting", 120)) === "waits-for-members", {
      ...{ what: "a's PostgreSQL to wait for the others", timeout: 180_000, interval: 1000 },
    });
    t.match(await a.sh("stack-agent status || true"), /PostgreSQL waits for b, c/);
    const { stdout: token } = await agent(a, "cluster token");
    await agent(b, "cluster join", [0], token);
    await agent(c, "cluster join", [0], token);
    for (const machine of [a, b, c]) {
      t.equal(await stageIs(machine, "postgres", "done", 240), "none");
      t.strictSame(await failedUnits(machine), []);
    }
    await whole("a");
    t.same((await servers("b")).map(({ role }) => role).sort(), ["leader", "replica", "sync standby"]);
    for (const machine of [a, b, c]) {
      await stageIs(machine, "services", "done", 240);
      await planIsEmpty(t, machine);
    }
    await sql("a", "create table projections.acked (id text)");
  });

  t.test("nobody is let in who shows no certificate", async (t) => {
    for (const port of [2379, 2380, 8008]) {
      const ask = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 10 openssl s_client -quiet -connect 10.1.1.122:${port} 2>&1 || true`;
      const said = await a.sh(ask);
      t.match(said, /certificate required|bad certificate|handshake failure/, `${port}`);
      t.notMatch(said, /HTTP\/1/);
    }
    const bare = `${writer} PGHOST=10.1.1.122 PGPORT=5432 PGSSLCERT=/none PGSSLKEY=/none psql -c 'select 1' 2>&1 || true`;
    t.match(await a.sh(bare), /certificate/);
  });

  async function lose(t: Test, how: string, cut: (lost: NodeName) => Promise<() => Promise<unknown>>): Promise<void> {
    const lost = await leader();
    const by = nodeNames.find((name) => name !== lost) ?? "a";
    const there = machines[by];
    await there.sh("rm -f /run/acked");
    await there.exec("sh", ["-c", "cat >/run/write.sh"], { input: tick });
    for (const n of [1, 2, 3]) {
      await there.sh(`setsid sh /run/write.sh ${how}${n} >/dev/null 2>&1 </dev/null & echo $! >>/run/writers`);
    }
    const count = async () => Number(await there.sh("wc -l </run/acked 2>/dev/null || echo 0"));
    await waitFor(async () => (await count()) > 20, { what: "rows to be acknowledged", timeout: 60_000 });
    const back = await cut(lost);
    const next = await leader(lost);
    const before = await count();
    await waitFor(async () => (await count()) > before + 20, {
      what: "rows to be acknowledged again",
      timeout: 60_000,
    });
    const times = await there.sh(
      "awk '{print $2}' /run/acked | sort -n | awk 'NR>1 && $1-p>m {m=$1-p} {p=$1} END {print m}'",
    );
    t.comment(`${how}: ${lost} led, then ${next}; longest without an acknowledged row ${times} s`);
    await back();
    await there.sh("for p in $(cat /run/writers); do kill -- -$p; done 2>/dev/null; rm /run/writers; true");
    await whole(by);
    const acked = (await there.sh("awk '{print $1}' /run/acked")).split("\n");
    const kept = new Set((await sql(by, "select id from projections.acked")).split("\n"));
    t.same(
      acked.filter((id) => !kept.has(id)),
      [],
      `${acked.length} acknowledged, none is lost`,
    );
    t.equal(kept.size, Number(await sql(by, "select count(*) from projections.acked")), "no row is twice");
  }

  t.test("its leader's power is cut: another leads, nothing is lost, and it comes back as a standby", (t) =>
    lose(t, "power", async (lost) => {
      await machines[lost].stop({ kill: true });
      return () => machines[lost].start();
    }),
  );

  t.test("its leader stands still: who has taken its place keeps it", (t) =>
    lose(t, "frozen", (lost) => freeze(machines[lost])),
  );

  t.test("its leader's server is killed", (t) =>
    lose(t, "killed", async (lost) => {
      await machines[lost].sh("kill -9 $(head -1 /var/lib/postgresql/15/main/postmaster.pid)");
      return async () => {};
    }),
  );

  t.test("another leads when it is asked for by the documented command", async (t) => {
    const before = await leader();
    const { stdout } = await machines[before].exec("sh", ["-c", switchover], { timeout: 60_000 });
    t.match(stdout, /switched over/i);
    t.not(await leader(before), before);
    await whole(before);
  });

  t.test("all three lose their power, and come back in another order with all that was acknowledged", async (t) => {
    const before = await sql("a", "select count(*) from projections.acked");
    await Promise.all([a, b, c].map((machine) => machine.stop({ kill: true })));
    for (const machine of [c, b, a]) await machine.start();
    for (const machine of [a, b, c]) t.equal(await stageIs(machine, "postgres", "done", 240), "none");
    await whole("c");
    t.equal(await sql("c", "select count(*) from projections.acked"), before);
  });

  t.test("its processes are confined", async (t) => {
    for (const unit of ["etcd", "patroni"]) {
      const said = await a.sh(`systemd-analyze security --no-pager ${unit}.service | tail -1`);
      const exposure = Number(/level for \S+: ([\d.]+)/.exec(said)?.[1]);
      t.ok(exposure <= 1.2, said);
    }
    const used = await a.sh(
      "for u in etcd patroni; do echo $u $(for p in $(cat /sys/fs/cgroup/system.slice/$u.service/cgroup.procs /sys/fs/cgroup/*/system.slice/$u.service/cgroup.procs 2>/dev/null | sort -u); do awk '/^Pss:/{s+=$2} END {print s}' /proc/$p/smaps_rollup; done | awk '{s+=$1} END {print s/1024 \" MiB\"}'); done",
    );
    t.comment(used);
  });
}
