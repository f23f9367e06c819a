import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { collations } from "../../../../components/postgres/agent/collations.ts";
import { xminHorizon } from "../../../../components/postgres/agent/xmin-horizon.ts";
import { judgeAlarms } from "../../../../components/rabbitmq/agent/alarms.ts";
import { judgePersistence } from "../../../../components/redis/agent/judge-persistence.ts";
import { clock } from "../../../../components/system/agent/findings/clock.ts";
import { dns } from "../../../../components/system/agent/findings/dns.ts";
import { memoryPressure } from "../../../../components/system/agent/findings/memory-pressure.ts";
import { oomKills } from "../../../../components/system/agent/findings/oom-kills.ts";
import { openFiles } from "../../../../components/system/agent/findings/open-files.ts";
import { judgePorts } from "../../../../components/system/agent/findings/ports.ts";
import { finding } from "../../../../engine/finding.ts";
import { StackError } from "../../../../lib/error.ts";
import type { Listener } from "../../../../lib/listeners.ts";
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
    t.match(await openFiles(limits), { status, message, ...(hint && { hint }) });
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
  const failed = await finding("collations", signal, () => collations({ run: down, signal }));
  t.match(failed, { name: "collations", status: "warn", message: "not known: psql: connection refused" });
});

t.test("a port without a listener, with a stranger, and open to outside, each with what helps", async (t) => {
  const ports = [
    { port: 5432, owner: "postgres", what: "PostgreSQL", bind: "loopback" },
    { port: 8001, owner: "web", what: "HTTP", bind: "any" },
  ] as const;
  const units = [{ unit: "postgresql@15-main.service" }, { unit: "shop-web.service" }];
  const model = { ports, units } as unknown as Parameters<typeof judgePorts>[0];
  const at = (port: number, unit: string | undefined, everywhere = false): Listener => {
    return { port, unit, everywhere, elsewhere: false, pid: 7, program: "nc" };
  };
  const web = at(8001, "init.scope", true);
  t.match(judgePorts(model, [at(5432, "postgresql@15-main.service"), web]), {
    status: "pass",
    message: "all 2 are the stack's own",
  });
  t.match(judgePorts(model, [web]), {
    status: "warn",
    message: "nobody listens on 5432 (PostgreSQL)",
    hint: /stack-agent provision/,
  });
  t.match(judgePorts(model, [at(5432, "session-3.scope"), web]), {
    message: /taken by session-3\.scope/,
    hint: /systemctl stop session-3\.scope/,
  });
  t.match(judgePorts(model, [at(5432, undefined), web]), { message: /taken by nc/, hint: /kill 7/ });
  t.match(judgePorts(model, [at(5432, "postgresql@15-main.service", true), web]), {
    status: "warn",
    message: /5432 .*can be reached from outside/,
  });
});

t.test(
  "memory pressure is the container's own where the kernel tells it, else the node's, else nobody's",
  async (t) => {
    const psi = (share: string) =>
      `some avg10=0.00 avg60=0.00 avg300=${share} total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n`;
    const own = (text: string) => ({ sys: { fs: { cgroup: { "memory.pressure": text } } } });
    const of = (tree: object) => memoryPressure(`${t.testdir(tree as never)}/`);
    t.match(await of(own(psi("12.50"))), {
      status: "warn",
      message: /here waited for memory 12\.5 %/,
      hint: /pct set/,
    });
    t.match(await of({ proc: { pressure: { memory: psi("0.25") } } }), {
      status: "pass",
      message: /on the whole node waited for memory 0\.25 %/,
    });
    t.strictSame(await of({}), { status: "pass", message: "not told by this kernel" });
  },
);

t.test("what was killed for want of memory is counted by unit, of both versions of control groups", async (t) => {
  const events = (count: number) => `low 0\noom 1\noom_kill ${count}\noom_group_kill 0\n`;
  const v2 = (root: number, unit: number) => ({
    sys: {
      fs: {
        cgroup: {
          "memory.events": events(root),
          "system.slice": { "memory.events.local": events(0), "shop.service": { "memory.events.local": events(unit) } },
        },
      },
    },
  });
  const control = (count: number) => `oom_kill_disable 0\nunder_oom 0\noom_kill ${count}\n`;
  const v1 = {
    sys: {
      fs: {
        cgroup: {
          memory: {
            "memory.oom_control": control(0),
            "system.slice": { "shop.service": { "memory.oom_control": control(2) } },
          },
        },
      },
    },
  };
  const of = (tree: object) => oomKills(`${t.testdir(tree as never)}/`);
  t.match(await of(v2(0, 0)), { status: "pass", message: "none since the start" });
  t.match(await of(v2(3, 2)), { status: "warn", message: /: shop\.service 2$/ });
  t.match(await of(v2(3, 0)), { status: "warn", message: /: 3$/ }, "of a unit that is gone");
  t.match(await of(v1), { status: "warn", message: /: shop\.service 2$/ });
  t.strictSame(await of({}), { status: "pass", message: "not told by this kernel" });
});

const { signal } = new AbortController();
const saying =
  (stdout: string, code = 0): Run =>
  async () => ({ stdout, stderr: "", code });

t.test("a clock that nothing keeps, or that went backwards", async (t) => {
  const file = join(t.testdir({ state: "" }), "state");
  const at = (now: Date, word: string) => clock({ run: saying(`${word}\n`), signal, now, written: [file, "/nowhere"] });
  t.match(await at(new Date(), "0"), { status: "pass", message: "the node keeps it synchronized" });
  t.match(await at(new Date(), "5"), { status: "warn", hint: /on the node/ });
  t.match(await at(new Date(), "-1"), { status: "pass", message: "not told by this kernel" });
  t.match(await at(new Date(Date.now() - 3_600_000), "0"), {
    status: "warn",
    message: /files here were written 3[56]\d\d s later/,
  });
});

t.test("names of archives are asked for, whatever file they are in, and never longer than some seconds", async (t) => {
  const apt = {
    "sources.list.d": { "debian.sources": "Types: deb\n# http://not.example\nURIs: http://mirror.example/debian\n" },
  };
  const tree = (resolver: string, parts: object = apt) =>
    t.testdir({ etc: { "resolv.conf": resolver, apt: parts } } as never);
  const asked: string[] = [];
  const answering =
    (code: number): Run =>
    async (_, args) => {
      asked.push(args.join(" "));
      return { stdout: "", stderr: "", code };
    };
  t.match(await dns({ run: answering(0), signal, root: tree("nameserver 10.1.1.1\n") }), { status: "pass" });
  t.strictSame(asked, ["ahosts mirror.example"]);
  t.match(await dns({ run: answering(2), signal, root: tree("nameserver 10.1.1.1\n") }), {
    status: "warn",
    message: /mirror\.example can't be resolved by 10\.1\.1\.1/,
  });
  const silent: Run = async () => {
    throw new StackError("timeout", "getent did not end");
  };
  t.match(await dns({ run: silent, signal, root: tree("nameserver 10.1.1.1\n") }), {
    status: "warn",
    message: /can't be resolved/,
  });
  t.match(await dns({ run: answering(0), signal, root: tree("") }), {
    status: "warn",
    message: /no name server/,
    hint: /pct set VMID --nameserver/,
  });
  t.match(
    await dns({
      run: answering(2),
      signal,
      root: tree("nameserver ::1\n", { "sources.list": "deb http://127.0.0.1:80/x ./\n" }),
    }),
    { status: "pass" },
  );
});

t.test("what holds back vacuum is named with the statement that ends it, and no value of it is read", async (t) => {
  const of = (row: string) => xminHorizon({ run: saying(row), signal });
  t.match(await of(""), { status: "pass", message: "nothing holds back vacuum" });
  t.match(await of("session|77|12|0\n"), { status: "pass", message: /process 77, 12 transactions/ });
  t.match(await of("session|77|20000000|0\n"), { status: "warn", hint: /pg_terminate_backend\(77\)/ });
  t.match(await of("idle|77|0|7200\n"), { status: "warn", message: /idle in a transaction for 7200 s/ });
  t.match(await of("slot|copy|20000000|0\n"), { status: "warn", hint: /pg_drop_replication_slot\('copy'\)/ });
  t.match(await of("prepared|'a|b'|20000000|0\n"), { status: "warn", hint: /rollback prepared 'a\|b'/ });
});

t.test("a Redis node whose data does not get to the disk, and the job that has it try again in its turn", async (t) => {
  const info = (failing: string) =>
    ["rdb_last_bgsave_status", "aof_last_bgrewrite_status", "aof_last_write_status"]
      .map((name) => `${name}:${name === failing ? "err" : "ok"}\r\n`)
      .join("");
  const of = (failing: string) =>
    judgePersistence([
      { port: 6379, info: info("") },
      { port: 6380, info: info(failing) },
    ]);
  t.strictSame(of(""), { status: "pass", message: "every node's data gets to the disk" });
  const fixes = [{ command: ["stack-agent", "job", "run", "redis-saves"] }];
  t.match(of("rdb_last_bgsave_status"), {
    status: "warn",
    message: /^node 6380: its last snapshot/,
    fixes,
  });
  t.match(of("aof_last_bgrewrite_status"), { status: "warn", fixes });
  t.equal(of("aof_last_write_status").fixes, undefined, "it tries by itself");
});

t.test("RabbitMQ's alarms, and files that are about to be used up", async (t) => {
  const well = {
    mem_used: 100 << 20,
    mem_limit: 512 << 20,
    disk_free: 2 ** 34,
    disk_free_limit: 2 ** 30,
    fd_used: 10,
    fd_total: 100,
  };
  t.match(judgeAlarms(well, "/shop"), {
    status: "pass",
    message: "none; 100 of 512 MiB of memory, 16384 MiB of disk free, 1024 at least",
  });
  t.match(judgeAlarms({ ...well, mem_alarm: true }, "/shop"), {
    status: "warn",
    message: /want of memory/,
    hint: /-p \/shop/,
  });
  t.match(judgeAlarms({ ...well, disk_free_alarm: true }, "/shop"), {
    status: "warn",
    message: /want of disk/,
    hint: /df -h/,
  });
  t.match(judgeAlarms({ ...well, fd_used: 95 }, "/shop"), { status: "warn", message: /95 of 100 files/ });
});
