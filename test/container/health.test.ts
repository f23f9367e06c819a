/**
 * Health in depth: databases that stand still, checks that leave nothing behind, load that no
 * database feels, groups, the token; and `status --wait` beside an agent that stands still.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { Ajv2020 } from "ajv/dist/2020.js";
import t, { type Test } from "tap";
import { timing } from "../../agent/health/scheduler.ts";
import { waitFor } from "../../lib/wait.ts";
import type { HealthDocument } from "../../stack/documents/health.ts";
import type { Machine } from "./create-machine.ts";
import { answers, failing, health } from "./health.ts";
import { load } from "./load.ts";
import { redisLogin, secret } from "./logins.ts";
import { management } from "./management.ts";
import { required, serviceNames, serviceSocket, serviceUnit } from "./required.ts";
import { superuser } from "./rows/postgres.ts";
import { becomesHealthy, stackMachine } from "./stack-machine.ts";
import { mainPid } from "./units.ts";

t.setTimeout(15 * 60_000);

const { port } = required.agent;
const { postgres, redis, rabbitmq } = required;
/** Fails within two intervals; the rest is for a machine that does other things too. */
const promised = 2 * timing.interval;
const slack = 1_500;
/** An answer that was given before the stop may be read this much after it. */
const late = 300;

const databases = [
  { name: "postgres", units: [postgres.unit] },
  { name: "redis", units: redis.units },
  { name: "redis", units: redis.units.slice(1, 2) },
  { name: "rabbitmq", units: [rabbitmq.unit] },
] as const;

const machine = await stackMachine(t);
if (machine !== undefined) {
  const signal = (name: "STOP" | "CONT", units: readonly string[]) =>
    // Every process of the unit: the server with its backends and helpers.
    machine.exec("systemctl", ["kill", `--signal=${name}`, "--kill-whom=all", ...units]);
  const allHealthy = (t: Test) =>
    Promise.all(
      [port, ...serviceNames.map((name) => required.services[name].port)].map((each) =>
        answers(t, machine, each, 200, []),
      ),
    );

  t.test("it is healthy to begin with", async (t) => {
    await becomesHealthy(t, machine, await machine.start(), "first boot");
    await allHealthy(t);
  });

  t.test("what is asked for as a group is its components, and fails with any of them", async (t) => {
    const groups = {
      data: ["postgres", "redis", "rabbitmq"],
      services: [...serviceNames],
      machine: ["disk", "memory", "jobs"],
    };
    // Before a database stands still: a job that runs meanwhile warns until its next run, a minute later.
    await waitFor(async () => (await health(machine, port)).document.components.every((one) => one.status === "pass"), {
      what: "every component to pass",
      timeout: 120_000,
      interval: 500,
    });
    for (const [group, names] of Object.entries(groups)) {
      const { status, document } = await health(machine, port, `/health/${group}`);
      t.equal(status, 200, group);
      for (const name of names) t.equal(component(document, name).group, group, `${name} is of ${group}`);
      const said = await machine.exec("stack-agent", ["health", group]);
      for (const name of names) t.match(said.stdout, new RegExp(`^${name} +pass`, "m"));
    }
    await machine.exec("systemctl", ["stop", serviceSocket("frontend")]);
    await answers(t, machine, port, 503, ["frontend"]);
    t.equal((await health(machine, port, "/health/services")).status, 503);
    t.equal((await health(machine, port, "/health/data")).status, 200);
    t.equal((await machine.exec("stack-agent", ["health", "services"], { accept: [1] })).code, 1);
    t.equal((await machine.exec("stack-agent", ["health", "data"])).code, 0);
    await machine.exec("systemctl", ["start", serviceUnit("frontend")]);
    const unknown = await machine.exec("stack-agent", ["health", "kafka"], { accept: [64] });
    t.match(unknown.stderr, /there are provision, postgres.*groups are data, services, machine/s);
    await allHealthy(t);
  });

  t.test("the page shows the stack as it is, tells of what changes, and holds up no stop of the agent", async (t) => {
    const url = `http://127.0.0.1:${port}`;
    const token = await secret(machine, "health.token");
    const inside = machine.inside();
    const bare = (await inside.http({ url: `${url}/` })).body;
    for (const name of ["postgres", "redis", "rabbitmq", ...serviceNames, "disk", "memory"]) {
      t.match(bare, new RegExp(`<tr id="component-${name}">.*pass`), name);
    }
    t.match(bare, /<figure id="plot-latency"[\s\S]*data-label="rabbitmq"/);
    t.match(bare, /aria-label="from [\d.]+ to [\d.]+ s"/, "when each stage of the boot ran");
    const full = (await inside.http({ url: `${url}/`, headers: { authorization: `Bearer ${token}` } })).body;
    t.match(full, /<dt>PostgreSQL<\/dt><dd>1\d\./, "what is installed, with the token");
    for (const file of ["page.css", "page.js", "healthy.svg"]) {
      t.equal((await inside.http({ url: `${url}/page/${file}` })).status, 200, file);
    }
    const listening = machine.exec("curl", ["-sN", "--max-time", "120", `${url}/page/events`], {
      accept: [0, 18, 56],
      timeout: 150_000,
    });
    await machine.exec("systemctl", ["stop", serviceSocket("frontend")]);
    await answers(t, machine, port, 503, ["frontend"]);
    // The page is looked at every two seconds.
    await sleep(3 * 2_000);
    await machine.exec("systemctl", ["restart", required.agent.unit]);
    const { stdout } = await listening;
    t.match(stdout, /^event: whole\ndata: \{"title":"All is well/);
    // In the first moments after a boot what fails is still expected to come up.
    t.match(
      stdout,
      /\nevent: (?:pieces|whole)\ndata: \{"title":"(frontend fails|Starting: frontend)[^\n]*component-frontend/,
    );
    await machine.exec("systemctl", ["start", serviceUnit("frontend")]);
    await allHealthy(t);
  });

  for (const { name, units } of databases) {
    t.test(
      `${units.join(", ")} stalled: ${name} fails within two intervals, never a stale pass, and recovers`,
      async (t) => {
        await signal("STOP", units);
        const stopped = performance.now();
        let failed: number | undefined;
        let code: string | undefined;
        // Until it failed, and for three more looks.
        for (let now = 0; now < (failed ?? promised + slack) + 3 * timing.interval; now = performance.now() - stopped) {
          const { document } = await health(machine, port);
          const state = component(document, name);
          if (state.status === "fail") {
            failed ??= performance.now() - stopped;
            code ??= state.code;
          } else if (failed !== undefined || now - state.ageMs > late) {
            t.fail(`after ${now} ms it answers ${state.status}, found ${state.ageMs} ms ago`);
            break;
          }
          await sleep(20);
        }
        t.ok(failed !== undefined && failed < promised + slack, `it failed after ${Math.round(failed ?? 0)} ms`);
        t.match(code, /^(timeout|cluster-down)$/);
        const { document } = await health(machine, port);
        const others = failing(document).filter((other) => other !== name);
        t.strictSame(
          others.filter((other) => !(serviceNames as readonly string[]).includes(other)),
          [],
          "no other dependency",
        );
        await signal("CONT", units);
        await allHealthy(t);
      },
    );
  }

  t.test("checks are cancelled: no client is left behind, here or at a server, however often they stall", async (t) => {
    // Of Redis two a node: the check's, and that of the job which has the nodes save in turn.
    const before = { postgres: 1, redis: 6, rabbitmq: 1, sockets: 8 };
    t.strictSame(await settled(machine, before), before, "a client a server to begin with");
    const descriptors = await openFiles(machine);
    for (let round = 0; round < 3; round += 1) {
      const units = databases.flatMap((one) => one.units);
      await signal("STOP", [...new Set(units)]);
      await answers(t, machine, port, 503, ["postgres", "redis", "rabbitmq", ...serviceNames]);
      // Looks that are begun now find no answer, are cancelled, and begin again.
      await sleep(2 * timing.interval);
      await signal("CONT", units);
      await allHealthy(t);
    }
    t.strictSame(await settled(machine, before), before, "as many as before");
    t.ok((await openFiles(machine)) <= descriptors + 5, "and no descriptor is left open");
  });

  t.test("a thousand requests a second put no query more on any database", async (t) => {
    const seconds = 5;
    const during = async (work: () => Promise<unknown>) => {
      const from = await counters(machine);
      await work();
      // RabbitMQ counts every five seconds.
      await sleep(6_000);
      const to = await counters(machine);
      return Object.entries(to).map(([name, count]) => [name, count - (from[name] ?? 0)] as const);
    };
    const idle = new Map(await during(() => sleep(seconds * 1000)));
    const asked = { url: `http://127.0.0.1:${port}/health`, perSecond: 1000, seconds };
    let told = { answered: 0, failed: 0, statuses: {} };
    const loaded = await during(async () => {
      told = await load({ ...asked, namespace: `/proc/${machine.pid()}/ns/net` });
    });
    t.comment(JSON.stringify(told));
    t.match(
      told,
      { answered: 1000 * seconds, failed: 0, statuses: { 200: 1000 * seconds } },
      "every request is answered",
    );
    for (const [name, count] of loaded) {
      const own = idle.get(name) ?? 0;
      t.ok(own > 0, `${name} does ${own} in ${seconds + 6} s without`);
      // The services look at their dependencies too; a query a request would be five thousand.
      t.ok(count < 1.5 * own + 100, `${name} does ${count} with it`);
    }
  });

  t.test("messages, paths and versions are told to those with the token, and a wrong one is refused", async (t) => {
    const token = await secret(machine, "health.token");
    await machine.exec("systemctl", ["stop", redis.units[0] ?? ""]);
    await answers(t, machine, port, 503, ["redis", ...serviceNames]);
    const paths = ["/", "/livez", "/readyz", "/health", "/health/redis", "/health/data", "/metrics", "/status"];
    const detail = /node 6379|127\.0\.0\.1|\/(var|etc|run|opt|usr)\/|stock-analysis 1\.|"1\.\d+\.\d+"|maxmemory \d/;
    for (const path of paths) {
      const ask = (authorization?: string) =>
        machine.inside().http({
          url: `http://127.0.0.1:${port}${path}`,
          headers: authorization === undefined ? {} : { authorization },
        });
      const bare = await ask();
      t.notMatch(bare.body, detail, `${path} without one tells none`);
      t.notMatch(JSON.stringify(bare.headers), /node|express|server/i, "nor what answers");
      const right = await ask(`Bearer ${token}`);
      t.equal(right.status, bare.status, `${path}: the same status with one`);
      if (/health|readyz|status|^\/$/.test(path)) t.match(right.body, /node 6379/, "and the message");
      for (const wrong of [`Bearer ${token}x`, `Bearer ${token.slice(1)}`, "Bearer", `Basic ${token}`]) {
        const refused = await ask(wrong);
        t.equal(refused.status, 401, `${path} with a wrong one`);
        t.notMatch(refused.body, detail);
        t.notMatch(refused.body, token.slice(1));
      }
    }
    await machine.exec("systemctl", ["start", redis.units[0] ?? ""]);
    await allHealthy(t);
  });

  t.test("what health and status print is as their schemas in the template say", async (t) => {
    for (const [name, command] of [
      ["health", "stack-agent health --format json"],
      ["health", "stack-agent health data --format json"],
      ["status", "stack-agent status --format json"],
      ["progress", "cat /run/stack-agent/progress.json"],
    ] as const) {
      const schema: unknown = JSON.parse(await machine.sh(`cat /usr/share/stack-agent/schemas/${name}.schema.json`));
      const valid = new Ajv2020({ strict: true }).compile(schema as object);
      t.ok(valid(JSON.parse(await machine.sh(command))), `${command}: ${JSON.stringify(valid.errors)}`);
    }
  });

  t.test("logs of a component are its servers', systemd's and the agent's of it, and no other's", async (t) => {
    const lines = async (...args: string[]) =>
      (await machine.exec("stack-agent", ["logs", ...args])).stdout.split("\n");
    const ofRedis = await lines("redis");
    for (const line of [
      / redis-6380\[\d+\]: /,
      / systemd\[1\]: Started .*Redis/,
      / stack-agent\[\d+\]: redis: done in /,
    ]) {
      t.ok(
        ofRedis.some((one) => line.test(one)),
        String(line),
      );
    }
    t.notOk(ofRedis.some((line) => / postgresql\[| rabbitmq\[/.test(line)));
    t.equal(
      (await lines("-n", "3", "postgres")).filter((line) => / (postgresql|stack-agent|systemd)\[/.test(line)).length,
      3,
    );
    t.ok(
      (await lines()).some((line) => / rabbitmq\[/.test(line)),
      "and without a name everything's",
    );
  });

  t.test("status --wait beside an agent that stands still ends in time, and says whom it waited for", async (t) => {
    const pid = String(await mainPid(machine, required.agent.unit));
    await machine.exec("kill", ["-STOP", pid]);
    const waited = await machine.exec("stack-agent", ["status", "--wait", "--timeout", "3"], { accept: [3] });
    t.match(waited.stderr, /waited 3 s in vain for the agent to answer/);
    const waiting = machine.exec("stack-agent", ["status", "--wait", "--timeout", "120"], { timeout: 150_000 });
    await sleep(1_000);
    await machine.exec("kill", ["-CONT", pid]);
    t.equal((await waiting).code, 0, "and ends with 0 once it answers again");
  });
}

function component(document: HealthDocument, name: string): HealthDocument["components"][number] {
  const found = document.components.find((one) => one.name === name);
  if (found === undefined) throw new Error(`health does not speak of ${name}`);
  return found;
}

type Clients = Readonly<Record<"postgres" | "redis" | "rabbitmq" | "sockets", number>>;

/** The agent's clients by each server's own list, and its sockets to them. */
async function clients(machine: Machine): Promise<Clients> {
  const text = "SELECT count(*)::int AS held FROM pg_stat_activity WHERE application_name = 'stack-agent'";
  const held = await machine.inside().pg({ ...(await superuser(machine)), text });
  const login = await redisLogin(machine);
  const lists = await Promise.all(
    redis.ports.map((port) => machine.inside().redis({ ...login, port, command: ["CLIENT", "LIST"] })),
  );
  const connections = await management<readonly { readonly user: string }[]>(machine, "connections");
  const ports = [postgres.port, ...redis.ports, rabbitmq.port].map((port) => `dport = :${port}`).join(" or ");
  const pid = await mainPid(machine, required.agent.unit);
  return {
    postgres: Number(held.rows[0]?.held),
    redis: lists.flatMap((list) => String(list).match(/ name=stack-agent /g) ?? []).length,
    rabbitmq: connections.filter(({ user }) => user === "stack-agent").length,
    sockets: Number(await machine.sh(`ss -tnpH '( ${ports} )' | grep -c 'pid=${pid},' || true`)),
  };
}

/** Its clients once they are as expected, or after a while what they are: RabbitMQ counts every five seconds. */
async function settled(machine: Machine, expected: Clients) {
  const look = async () => {
    const found = await clients(machine);
    return isDeepStrictEqual(found, expected) && found;
  };
  return waitFor(look, { what: "the clients", timeout: 60_000, interval: 500 }).catch(() => clients(machine));
}

async function openFiles(machine: Machine): Promise<number> {
  return Number(await machine.sh(`ls /proc/${await mainPid(machine, required.agent.unit)}/fd | wc -l`));
}

/** What each server says it has done since its start. */
async function counters(machine: Machine): Promise<Readonly<Record<string, number>>> {
  const text = "SELECT sum(xact_commit + xact_rollback)::int AS done FROM pg_stat_database";
  const transactions = await machine.inside().pg({ ...(await superuser(machine)), text });
  const login = await redisLogin(machine);
  const nodes = await Promise.all(
    redis.ports.map(async (port) => {
      const info = String(await machine.inside().redis({ ...login, port, command: ["INFO", "stats"] }));
      return [`redis ${port}`, Number(/total_commands_processed:(\d+)/.exec(info)?.[1])] as const;
    }),
  );
  type Overview = { readonly message_stats: { readonly publish: number; readonly get: number } };
  const { message_stats: messages } = await management<Overview>(machine, "overview");
  return {
    postgres: Number(transactions.rows[0]?.done),
    ...Object.fromEntries(nodes),
    rabbitmq: messages.publish + messages.get,
  };
}
