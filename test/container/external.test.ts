/**
 * A stack whose PostgreSQL, Redis and RabbitMQ are another container's, over TLS: what `docs/external-engines.md`
 * promises. The servers are the template's own, let out to their network; the stack's template is built here, without.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { createMachine, type Machine, setUpNetwork } from "./create-machine.ts";
import { canRunContainers, needs } from "./needs.ts";
import { failedUnits } from "./rows/machine.ts";
import { planIsEmpty } from "./rows/reboot.ts";
import { tellState } from "./stack-machine.ts";
import { templateToTest } from "./template.ts";

t.setTimeout(20 * 60_000);

const project = join(import.meta.dirname, "../..");
const servers = "10.1.1.20";
const standby = "10.1.1.21";
const service = 8001;

/** The first address is nobody's: of a pair one may be off. */
const definition = `name: shop
version: 1.0.0
container: { memory: 2048 MiB }
postgres:
  external: { addresses: ["${standby}", "${servers}"], admin: shop_admin, ca: /etc/ssl/lan.pem }
redis:
  external: { mode: single, addresses: ["${standby}:6390", "${servers}:6390"], user: shop, ca: /etc/ssl/lan.pem }
rabbitmq:
  external: { addresses: ["${standby}", "${servers}"], management: "${servers}", admin: ops, ca: /etc/ssl/lan.pem }
services:
  till: { port: ${service} }
`;

const passwords = {
  postgres_admin_password: "of-the-admin:1",
  postgres_password: "of-the-services!2",
  postgres_agent_password: "of-the-agent?3",
  redis_password: "of-the-shop!7",
  rabbitmq_admin_password: "of-the-brokers-admin:4",
  rabbitmq_password: "of-the-services!5",
  rabbitmq_agent_password: "of-the-agent?6",
} as const;

if (await canRunContainers(t))
  t.test("a stack on somebody else's PostgreSQL, Redis and RabbitMQ", async (t) => {
    const template = await templateToTest();
    if (!needs(t, template === undefined ? "there is no template: bin/build-template" : "")) return;
    const home = await mkdtemp("/var/tmp/stack-external-");
    t.teardown(() => rm(home, { recursive: true, force: true }));
    await makeAuthority(home);
    const built = await build(home);
    const setup = await setUpNetwork(t);
    const at = (address: string) => ({ kind: "static", address: `${address}/24`, gateway: "10.1.1.1" }) as const;
    const there = await createMachine(setup, {
      ...{ template: template ?? "", over: process.env.STACK_EXTRACTED, vmid: 140, addressing: at(servers) },
    });
    const options = { template: built, hostname: "shop", memory: 2048, cores: 2, vmid: 141 };
    const machine = await createMachine(setup, { ...options, addressing: at("10.1.1.30") });
    await there.start();
    await letOut(there, home);
    const psql = (text: string, database = "postgres") =>
      there.exec("runuser", ["-u", "postgres", "--", "psql", "-XAtq", "-d", database], { input: text, cwd: "/" });
    const rows = async (text: string) => (await psql(text, "shop_event_store")).stdout.trim();
    const health = async (url: string) => (await machine.peer.http({ url })).status;
    const of = (component: string) => () => health(`http://10.1.1.30:8000/health/${component}`);
    const till = `http://10.1.1.30:${service}/health`;

    await t.test("its template has nothing of their servers", async (t) => {
      await machine.start();
      t.equal(
        await machine.sh(
          "dpkg-query --list 'postgresql*' 'rabbitmq*' 'erlang*' 'redis*' 2>/dev/null | grep ^ii || true",
        ),
        "",
      );
      t.equal(await machine.sh("getent passwd postgres rabbitmq redis || true"), "");
      t.equal(
        await machine.sh("systemctl list-unit-files --no-legend 'postgresql*' 'rabbitmq*' 'epmd*' 'redis*' || true"),
        "",
      );
    });

    await t.test("without its passwords it says which are missing, and what else is to do is done", async (t) => {
      await settled(machine);
      const told = await machine.exec("stack-agent", ["provision"], { accept: [1], timeout: 120_000 });
      t.match(told.stdout + told.stderr, /stack-agent secrets set postgres_admin_password/);
      t.match(await machine.sh("stack-agent secrets ls || true"), /postgres_admin_password[\s\S]*postgres_password/);
    });

    await t.test("preflight lists what the servers have to grant, and changes nothing", async (t) => {
      await psql(`create role shop_admin login password '${passwords.postgres_admin_password}'`);
      await there.sh(
        `rabbitmqctl add_user ops '${passwords.rabbitmq_admin_password}'; rabbitmqctl set_user_tags ops management`,
      );
      for (const [name, input] of Object.entries(passwords)) {
        await machine.exec("stack-agent", ["secrets", "set", name], { input });
      }
      const told = await machine.exec("stack-agent", ["provision"], { accept: [1], timeout: 120_000 });
      t.match(told.stderr + told.stdout, /CREATE DATABASE shop_event_store OWNER shop_admin/);
      t.match(told.stderr + told.stdout, /ALTER ROLE shop_admin CREATEROLE/);
      t.match(told.stderr + told.stdout, /rabbitmqctl set_user_tags ops policymaker/);
      t.match(told.stderr + told.stdout, /rabbitmqctl add_vhost \S+; rabbitmqctl set_permissions -p \S+ ops/);
      t.match(
        told.stderr + told.stdout,
        /rabbitmqctl add_user shop-agent; rabbitmqctl set_user_tags shop-agent monitoring/,
      );
      t.match(told.stderr + told.stdout, /ACL SETUSER shop ~\*/);
      t.notMatch(await there.sh("rabbitmqctl -q list_vhosts"), /shop/);
      t.equal((await psql("select count(*) from pg_roles where rolname like 'shop%'")).stdout.trim(), "1");
    });

    await t.test("once they are granted it provisions, and all is healthy, over TLS", async (t) => {
      await psql("alter role shop_admin createrole createdb");
      await there.sh("rabbitmqctl set_user_tags ops administrator");
      await acl(there, "~* &* +@read +@write +@pubsub +@connection +@transaction +cluster|slots +cluster|info");
      const done = await machine.exec("stack-agent", ["provision"], { accept: [0, 1], timeout: 180_000 });
      if (!t.equal(done.code, 0, done.stdout + done.stderr)) await tellState(t, machine);
      await becomes(t, () => health(till), 200, "the service");
      t.equal(await of("postgres")(), 200);
      t.equal(await of("rabbitmq")(), 200);
      t.equal(await of("redis")(), 200);
      t.equal(
        await rows(
          "select string_agg(distinct usename::text || ' ' || ssl, ', ' order by usename::text || ' ' || ssl) " +
            "from pg_stat_ssl join pg_stat_activity using (pid) where usename like 'shop%'",
        ),
        "shop_agent true, shop_user true",
      );
      const lines = await there.sh("rabbitmqctl -q list_connections user ssl | sort -u");
      t.match(lines, /^shop\ttrue$/m);
      t.match(lines, /^shop-agent\ttrue$/m);
      t.match(await there.sh("rabbitmqctl -q -p /shop list_policies"), /dead-letter/);
      await planIsEmpty(t, machine);
      t.strictSame(await failedUnits(machine), []);
    });

    await t.test("lost, it is told by 503, and back it is used again with nothing restarted", async (t) => {
      const started = "systemctl show -p ExecMainStartTimestampMonotonic shop-till.service stack-agent.service";
      const before = await machine.sh(started);
      for (const [unit, component] of [
        ["postgresql@15-main", "postgres"],
        ["rabbitmq-server", "rabbitmq"],
        ["lan-redis", "redis"],
      ] as const) {
        await there.sh(`systemctl stop ${unit}`, { timeout: 60_000 });
        await becomes(t, () => health(till), 503, `the service without ${component}`);
        await becomes(t, of(component), 503, `the agent without ${component}`);
        await there.sh(`systemctl start ${unit}`, { timeout: 60_000 });
        await becomes(t, () => health(till), 200, `the service with ${component} again`);
        await becomes(t, of(component), 200, `the agent with ${component} again`);
      }
      t.equal(await machine.sh(started), before);
    });

    await t.test("the jobs and the metrics are of it", async (t) => {
      const refreshed = await machine.exec("stack-agent", ["job", "run", "refresh-view"], { accept: [0, 1] });
      t.equal(refreshed.code, 0, refreshed.stderr);
      const metrics = async () => (await machine.peer.http({ url: "http://10.1.1.30:8000/metrics" })).body;
      t.match(await metrics(), /^stack_component_up\{component="postgres"\} 1$/m);
      // Figures are read twice a minute.
      const told = async () => /^stack_rabbitmq_queue_consumers\{queue="shop-till"\} /m.test(await metrics());
      await waitFor(told, { what: "the brokers' management to tell of the queue", timeout: 90_000, interval: 1_000 });
    });

    await t.test("rotation is refused with what to do, and a reset with data leaves its data alone", async (t) => {
      const args = ["secrets", "rotate", "postgres_password"];
      const refused = await machine.exec("stack-agent", args, { accept: [64] });
      t.match(refused.stderr, /secrets set postgres_password/);
      const events = "select count(*) from stack_agent.migrations";
      const count = await rows(events);
      const reset = await machine.exec("stack-agent", ["reset", "--only", "postgres", "--with-data", "--yes"]);
      t.match(reset.stdout, /database shop_event_store on .* stays/);
      t.equal(await rows(events), count);
      const broker = await machine.exec("stack-agent", ["reset", "--only", "rabbitmq", "--with-data", "--yes"]);
      t.match(broker.stdout, /vhost \/shop on .* stays/);
      t.match(await there.sh("rabbitmqctl -q -p /shop list_queues name"), /shop-till/);
      await machine.exec("stack-agent", ["provision"], { timeout: 120_000 });
      await planIsEmpty(t, machine);
    });

    await t.test("a second boot ends healthy", async (t) => {
      await machine.reboot();
      t.equal(await settled(machine), "running");
      await becomes(t, () => health(till), 200, "the service");
      await becomes(t, of("postgres"), 200, "the agent");
    });
  });

/** As somebody who has Redis would: this container's `redis-cli` speaks TLS too. */
async function acl(there: Machine, rights: string): Promise<void> {
  const to = ["--tls", "--cacert", "/etc/redis/lan-ca.pem", "-h", servers, "-p", "6390"];
  const words = ["on", `>${passwords.redis_password}`, ...rights.split(" ")];
  await there.exec("redis-cli", [...to, "ACL", "SETUSER", "shop", ...words]);
  await there.exec("redis-cli", [...to, "ACL", "SAVE"]);
}

/** What systemd says once there is nothing to start any more. */
async function settled(machine: Machine): Promise<string> {
  const look = async () => {
    const state = await machine.sh("timeout 170 systemctl is-system-running --wait 2>/dev/null || true", {
      timeout: 180_000,
    });
    return state === "" || state === "offline" ? undefined : state;
  };
  return waitFor(look, { what: "systemd to be up", timeout: 200_000, interval: 250 });
}

async function becomes(t: Test, look: () => Promise<number>, status: number, what: string): Promise<void> {
  const is = async () => (await look().catch(() => 0)) === status;
  await waitFor(is, { what: `${what} to answer ${status}`, timeout: 60_000, interval: 250 });
  t.pass(`${what} answers ${status}`);
}

/** An authority of the network's own, and a certificate of it for the servers' address. */
async function makeAuthority(home: string): Promise<void> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const options = { cwd: home };
  await run(
    "openssl",
    ["req", "-x509", ...key, "-days", "30", "-subj", "/CN=lan", "-keyout", "ca.key", "-out", "ca.pem"],
    options,
  );
  const names = ["-subj", "/CN=servers", "-addext", `subjectAltName=IP:${servers}`];
  await run("openssl", ["req", ...key, ...names, "-keyout", "server.key", "-out", "server.csr"], options);
  const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-copy_extensions", "copy"];
  await run("openssl", ["x509", "-req", "-in", "server.csr", ...signed, "-out", "server.pem"], options);
}

/** @returns the template's path */
async function build(home: string): Promise<string> {
  await writeFile(join(home, "stack.yaml"), definition);
  await mkdir(join(home, "rootfs-overlay/etc/ssl"), { recursive: true });
  await cp(join(home, "ca.pem"), join(home, "rootfs-overlay/etc/ssl/lan.pem"));
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const out = join(home, "dist");
  await run(join(project, "bin/build-template"), [join(home, "stack.yaml"), "--out", out], {
    cwd: home,
    timeout: 900_000,
    env: { ...process.env, HOME: home, XDG_CACHE_HOME: cache },
  });
  const names = await readdir(out);
  return join(out, names.find((name) => /\.tar\.(gz|zst)$/.test(name)) ?? "no template");
}

/** Has the servers listen beyond their container, with TLS, as a database's owner might. */
async function letOut(there: Machine, home: string): Promise<void> {
  await settled(there);
  // What it would put right.
  await there.sh("systemctl stop stack-agent");
  const put = async (path: string, text: string) => there.exec("sh", ["-c", `cat >>${path}`], { input: text });
  const etc = "/etc/postgresql/15/main";
  for (const end of ["key", "pem"]) {
    await put(`${etc}/server.${end}`, await readFile(join(home, `server.${end}`), "utf8"));
  }
  await there.sh(`chown postgres: ${etc}/server.*; chmod 600 ${etc}/server.key`);
  const files = `ssl_cert_file = '${etc}/server.pem'\nssl_key_file = '${etc}/server.key'\n`;
  await put(`${etc}/conf.d/zz-lan.conf`, `listen_addresses = '*'\nssl = on\n${files}`);
  await put(`${etc}/pg_hba.conf`, "hostssl all all 10.1.1.0/24 scram-sha-256\n");
  const unit = "/run/systemd/system/postgresql@15-main.service.d";
  await there.sh(`mkdir -p ${unit}`);
  await put(`${unit}/lan.conf`, "[Service]\nIPAddressDeny=\nIPAddressAllow=any\n");
  await there.sh(`mkdir -p ${unit.replace("postgresql@15-main", "rabbitmq-server")}`);
  await put(
    `${unit.replace("postgresql@15-main", "rabbitmq-server")}/lan.conf`,
    "[Service]\nIPAddressDeny=\nIPAddressAllow=any\n",
  );
  for (const end of ["key", "pem"]) {
    await put(`/etc/rabbitmq/server.${end}`, await readFile(join(home, `server.${end}`), "utf8"));
  }
  await put("/etc/rabbitmq/ca.pem", await readFile(join(home, "ca.pem"), "utf8"));
  await there.sh("chown rabbitmq: /etc/rabbitmq/server.* /etc/rabbitmq/ca.pem; chmod 600 /etc/rabbitmq/server.key");
  await there.sh("mkdir -p /var/lib/lan-redis; cp /etc/rabbitmq/ca.pem /etc/redis/lan-ca.pem");
  for (const end of ["key", "pem"]) await there.sh(`cp /etc/rabbitmq/server.${end} /etc/redis/lan.${end}`);
  await there.sh("chown -R redis: /etc/redis/lan* /var/lib/lan-redis; chmod 644 /etc/redis/lan-ca.pem");
  const redis =
    "/usr/bin/redis-server --bind 0.0.0.0 --protected-mode no --port 0 --tls-port 6390 --tls-auth-clients no " +
    "--dir /var/lib/lan-redis " +
    "--tls-cert-file /etc/redis/lan.pem --tls-key-file /etc/redis/lan.key --tls-ca-cert-file /etc/redis/lan-ca.pem " +
    "--aclfile /var/lib/lan-redis/users.acl";
  await there.exec("sh", ["-c", "cat >/etc/systemd/system/lan-redis.service"], {
    input: `[Service]\nUser=redis\nExecStart=${redis}\n`,
  });
  const user = `user shop on >${passwords.redis_password} ~* +@connection\nuser default on nopass ~* &* +@all\n`;
  await put("/var/lib/lan-redis/users.acl", user);
  const tls = (prefix: string): string =>
    ["cacertfile = /etc/rabbitmq/ca.pem", "certfile = /etc/rabbitmq/server.pem", "keyfile = /etc/rabbitmq/server.key"]
      .map((line) => `${prefix}.${line}\n`)
      .join("");
  const amqps = `listeners.ssl.1 = 0.0.0.0:5671\n${tls("ssl_options")}ssl_options.verify = verify_none\n`;
  await put("/etc/rabbitmq/conf.d/zz-lan.conf", `${amqps}management.ssl.port = 15671\n${tls("management.ssl")}`);
  await there.sh("systemctl daemon-reload; systemctl restart postgresql@15-main rabbitmq-server lan-redis", {
    timeout: 120_000,
  });
}
