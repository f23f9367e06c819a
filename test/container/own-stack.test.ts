/** A stack of somebody's own: the commands of docs/your-own-stack.md, run as written, and what comes of them. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { describeError } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { manifestDocument } from "../../stack/documents/manifest.ts";
import { statusDocument } from "../../stack/documents/status.ts";
import { besidePage } from "./beside-page.ts";
import { createMachine, type Machine, setUpNetwork } from "./create-machine.ts";
import { secret } from "./logins.ts";
import { canRunContainers } from "./needs.ts";
import { shellBlocks } from "./pct-create.ts";
import { backupRows } from "./rows/backup.ts";
import { failedUnits } from "./rows/machine.ts";
import { planIsEmpty } from "./rows/reboot.ts";

t.setTimeout(30 * 60_000);

const project = join(import.meta.dirname, "../..");
const intake = 8101;
const ledger = 8102;

if (await canRunContainers(t))
  t.test("a stack of one's own", async (t) => {
    const page = await readFile(join(project, "docs/your-own-stack.md"), "utf8");
    const home = await mkdtemp("/var/tmp/stack-own-");
    t.teardown(() => rm(home, { recursive: true, force: true }));
    const built = await buildAsWritten(page, home);
    const dist = join(home, "orders/dist");

    await t.test("the page's commands build a template that is named after the stack", async (t) => {
      t.match(built, /^debian-12-orders_1\.0\.0-[0-9a-f]{8}_amd64\.tar\.zst$/);
      const stem = built.replace(/\.tar\.zst$/, "");
      t.match(await readFile(join(dist, `${stem}.DEPLOY.md`), "utf8"), /--hostname orders[\s\S]*--memory 4096/);
      const manifest = manifestDocument.parse(JSON.parse(await readFile(join(dist, `${stem}.manifest.json`), "utf8")));
      const packages = manifest.packages.map(({ name }) => name);
      t.ok(packages.includes("postgresql-15"));
      t.strictSame(
        packages.filter((name) => /rabbitmq|erlang/.test(name)),
        [],
        "nothing of RabbitMQ is in it",
      );
      t.strictSame(manifest.sources, {});
    });

    const setup = await setUpNetwork(t);
    const options = { template: join(dist, built), hostname: "orders", memory: 4096, cores: 2 };
    const machine = await createMachine(setup, { ...options, vmid: 130 });

    await t.test("its first boot ends healthy, and the page's commands work in it", async (t) => {
      await machine.start();
      const [commands = ""] = shellBlocks(page, "sh container");
      const answer = await machine.exec("sh", ["-e", "-c", commands], { timeout: 180_000 }).catch(told(machine));
      t.match(answer.stdout, /\{"order":"[0-9a-f-]{36}"\}/);
      t.match(answer.stdout, /^orders taken: 1$/m, "the report counts the order");
      t.equal(await machine.sh("systemctl is-system-running --wait || true"), "running");
      t.strictSame(await failedUnits(machine), []);
      await planIsEmpty(t, machine);
    });

    await t.test("both services answer from outside, and do what they are for", async (t) => {
      const at = `http://${await machine.address()}`;
      for (const port of [8000, intake, ledger]) {
        t.equal((await machine.peer.http({ url: `${at}:${port}/health` })).status, 200, `${port} is healthy`);
      }
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ customer: "grace", cents: 4200 });
      const placed = await machine.peer.http({ url: `${at}:${intake}/orders`, method: "POST", headers, body });
      t.equal(placed.status, 201, placed.body);
      const { order } = JSON.parse(placed.body) as { order: string };
      const look = async () =>
        JSON.parse((await machine.peer.http({ url: `${at}:${ledger}/orders/${order}` })).body) as Record<
          string,
          unknown
        >;
      t.strictSame(await look(), { customer: "grace", cents: 4200, state: "placed", cached: false });
      t.match(await look(), { state: "placed", cached: true }, "the second time from Redis");
      const cancelled = await machine.peer.http({ url: `${at}:${intake}/orders/${order}/cancel`, method: "POST" });
      t.equal(cancelled.status, 204);
      const gone = async () => (await look()).state === "cancelled";
      t.ok(await waitFor(gone, { what: "the cache to forget", timeout: 30_000, interval: 200 }));
      const absent = `${at}:${intake}/orders/00000000-0000-4000-8000-000000000000/cancel`;
      t.equal((await machine.peer.http({ url: absent, method: "POST" })).status, 404, "only an order that is there");
    });

    await t.test("host, database and paths are named after the stack; RabbitMQ is not there", async (t) => {
      t.equal(await machine.sh("hostname"), "orders");
      const login = { port: 5432, database: "orders_event_store", user: "orders_user" };
      const password = await secret(machine, "postgres.app");
      const text = "SELECT count(*)::int AS orders FROM event_store.events WHERE event_type = 'order-placed'";
      t.strictSame((await machine.inside().pg({ ...login, password, text })).rows, [{ orders: 2 }]);
      const ids = await machine.sh("id -u postgres redis svc-ledger; id -g svc-ledger order-report");
      t.match(ids, /^301\n303\n(\d+)\n\1\n/, "accounts have the numbers that they have in every template");
      t.equal(await machine.sh("systemctl is-active orders.target orders-intake orders-ledger | uniq"), "active");
      t.equal(await machine.sh("dpkg-query --list | grep -E 'rabbitmq|erlang' || true"), "");
      t.equal(await machine.sh("systemctl list-unit-files --no-legend 'rabbitmq*' 'epmd*' || true"), "");
    });

    await t.test("memcached, of the template, takes and gives, and is watched", async (t) => {
      t.equal(await machine.sh("systemctl is-enabled memcached.service"), "enabled");
      const { memory } = statusDocument.parse(JSON.parse(await machine.sh("stack-agent status --format json")));
      const share = memory?.shares.find(({ component }) => component === "memcached")?.miB ?? 0;
      t.ok(share > 0 && share < 64, `its share is ${share} MiB: Redis and PostgreSQL want most of 4 GiB`);
      t.equal(await machine.sh("grep -v '^#' /etc/stack-agent/memcached.env"), `MEMORY_MIB=${share}`);
      t.match(await machine.sh("ps -o args= -C memcached"), `-m ${share} `);
      const stored = `printf 'set a 0 60 1\\r\\nb\\r\\nget a\\r\\nquit\\r\\n' | timeout 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/11211; cat >&3; cat <&3'`;
      t.match(await machine.sh(stored), /STORED\r?\nVALUE a 0 1\r?\nb/);
      t.match(
        await machine.sh("ss -Hltn 'sport = :11211'"),
        /^LISTEN \S+ +\S+ +127\.0\.0\.1:11211 /,
        "on loopback alone",
      );
      t.match(await machine.sh("stack-agent health memcached --format json"), /"status": ?"pass"/);
      t.match(await machine.sh("curl -s localhost:8000/metrics"), /^stack_memcached_memory_used_ratio 0/m);
      const doctor = await machine.exec("stack-agent", ["doctor"], { accept: [0, 2], timeout: 120_000 });
      t.match(doctor.stdout, /memcached/);
    });

    await t.test("the stack's own files and units are there, and --set is in the definition", async (t) => {
      t.match(await machine.sh("cat /etc/motd"), "orders 1.0.0: orders come in on port 8101");
      t.equal(await machine.sh("stat -c '%a %U:%G' /usr/local/bin/order-report"), "755 root:root");
      t.match(await machine.sh("getent passwd order-report"), "Report of the orders taken", "its account was made");
      t.equal(await machine.sh("systemctl is-enabled order-report.timer"), "enabled");
      t.equal(await machine.sh("systemctl is-active order-report.timer"), "active");
      t.equal(await machine.sh("systemctl show --value -p LoadState order-report.service"), "loaded");
      const definition = await machine.sh("cat /etc/stack-agent/stack.yaml");
      t.match(definition, /^ {2}memory: 4GiB$/m);
      t.match(definition, "# What ledger has computed; lost without harm.");
    });

    const order = '-H \'content-type: application/json\' -d \'{"customer":"joan","cents":1}\'';
    await backupRows(t, machine, {
      database: "orders_event_store",
      agentPort: 8000,
      target: "/var/backups",
      stanza: "orders",
      append: `curl -sf -o /dev/null -m 5 ${order} localhost:${intake}/orders`,
      another: () => createMachine(setup, options),
    });
  });

/** @returns the template's file name */
async function buildAsWritten(page: string, home: string): Promise<string> {
  const script = shellBlocks(page)
    .join("\n")
    .replace(/^build-template stack\.yaml.*$/m, `$& ${besidePage.join(" ")}`);
  // Downloads may be kept between runs; nothing else of this user's home is seen.
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  await run("sh", ["-e", "-c", script], {
    cwd: project,
    timeout: 1_200_000,
    env: { ...process.env, HOME: home, XDG_CACHE_HOME: cache },
  });
  const names = await readdir(join(home, "orders/dist"));
  return names.find((name) => name.endsWith(".tar.zst")) ?? "no template";
}

/** What the container says of itself where it doesn't come up. */
function told(machine: Machine): (error: unknown) => Promise<never> {
  return async (error) => {
    t.comment(describeError(error));
    for (const command of [
      "stack-agent status",
      "systemctl --no-pager list-units --failed",
      "journalctl --no-pager -b -p warning -n 60",
    ]) {
      t.comment(`${command}:\n${await machine.sh(`${command} 2>&1 || true`)}`);
    }
    throw error;
  };
}
