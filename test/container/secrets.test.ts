/**
 * Every secret of the instance, those that it was given and those that it had before they were rotated
 * among them, in every writing, is looked for wherever it must not be: in
 * command lines and environments while the first boot runs, the journal, what the agent says,
 * errors, and the whole file system but for the files that are there to hold it. Each search is
 * shown to find what is put there for it.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import { waitFor } from "../../lib/wait.ts";
import { healthyAfter } from "./healthy.ts";
import { postgresLogin, secret } from "./logins.ts";
import { required, serviceNames, serviceUnit } from "./required.ts";
import { givenSecretRows } from "./rows/given-secrets.ts";
import { superuser } from "./rows/postgres.ts";
import { planIsEmpty } from "./rows/reboot.ts";
import { rotationRows } from "./rows/rotation.ts";
import { supportBundleRow } from "./rows/support-bundle.ts";
import { allNeedles, filesWith, secretsFolder, wholeJournal } from "./secrets/files-with.ts";
import { found, type Needle, needlesOf } from "./secrets/needles.ts";
import { type Samples, sampleProcesses } from "./secrets/sample-processes.ts";
import { becomesHealthy, stackMachine } from "./stack-machine.ts";
import { mainPid, restarted } from "./units.ts";

t.setTimeout(15 * 60_000);

/** Files that hold a value because their reader takes it from there. */
const holders = [
  new RegExp(`^${secretsFolder}/[a-z._]+$`),
  /^\/etc\/redis\/redis-\d+\.conf$/,
  /^\/var\/lib\/rabbitmq\/\.erlang\.cookie$/,
  /^\/etc\/ssh\/ssh_host_[a-z0-9]+_key$/,
];
/** In memory, made by systemd for one service each, readable by its user alone. */
const credentials =
  /^\/credentials\/stock-analysis-[a-z-]+\.service\/((postgres|redis|rabbitmq)_password|alpaca_key|hot_key)$/;
/** Where servers keep what they check passwords against. */
const checkers = [/^\/etc\/rabbitmq\/definitions\.json$/, /^\/var\/lib\/postgresql\//];

/** Commands that only tell. */
const sayings = [
  "provision --plan",
  "provision --plan --json",
  "provision --diff",
  "provision --diff --json",
  "drift",
  "drift --json",
  "reset --plan",
  "reset --plan --json",
  "doctor",
  "doctor --json",
  "analyze",
  "analyze --json",
  "status",
  "status --format json",
  "health",
  "health --format json",
  "logs --lines 5000",
];

const plantedValue = randomBytes(20).toString("hex").slice(0, 40);
const planted = needlesOf("planted", plantedValue);

const machine = await stackMachine(t);
if (machine !== undefined) {
  let needles: readonly Needle[] = [];
  let samples: Samples = { texts: [], rounds: 0 };
  const nothing = (t: Test, text: string, what: string): void =>
    void t.strictSame(found(text, needles), [], `no secret in ${what}`);
  const asSuperuser = async (text: string, timeout = 30_000) =>
    machine.inside().pg({ ...(await superuser(machine)), text, timeout });
  const provision = (accept: readonly number[] = [0]) =>
    machine.exec("stack-agent", ["provision"], { accept, timeout: 180_000 });

  t.test("first boot, every process's command line and environment watched from its start on", async (t) => {
    const stop = await sampleProcesses();
    await becomesHealthy(t, machine, await machine.start(), "first boot");
    const line = `sleep 0.3 #${plantedValue}`;
    await machine.sh(line);
    await machine.exec("sh", ["-s"], { input: `PLANTED=${plantedValue} sleep 0.3` });
    samples = await stop();
    needles = await allNeedles(machine);
    const programs = new Set(samples.texts.map((text) => text.split("\0")[0]?.split("/").at(-1)));
    t.comment(`${samples.rounds} rounds, ${samples.texts.length} texts of ${programs.size} programs`);
    for (const short of ["initdb", "runuser", "systemctl", "postgres"]) t.ok(programs.has(short), `it saw ${short}`);
    t.ok(new Set(needles.map((needle) => needle.secret)).size >= 10, "every secret and a host key are known");
  });

  t.test("no secret is in a command line or an environment", async (t) => {
    const withPlanted = samples.texts.filter((text) => found(text, planted).length > 0);
    t.ok(
      withPlanted.some((text) => text.includes("sleep 0.3 #")),
      "what is put into a command line is found",
    );
    t.ok(
      withPlanted.some((text) => text.includes("PLANTED=")),
      "and what is put into an environment",
    );
    for (const text of samples.texts) {
      const held = found(text, needles);
      if (held.length > 0) t.strictSame(held, [], text.split("\0")[0] ?? "");
    }
    t.pass(`${samples.texts.length} are clean`);
  });

  t.test("what is changed by hand is planned, shown and mended, and no secret is told of", async (t) => {
    await machine.sh("echo '# by hand' | tee -a /etc/redis/redis-6379.conf >>/etc/rabbitmq/definitions.json");
    await asSuperuser(`ALTER ROLE ${required.postgres.user} PASSWORD '${plantedValue}'`);
    for (const line of sayings) {
      const said = await machine.exec("stack-agent", line.split(" "), { accept: [0, 1, 2, 3], timeout: 120_000 });
      t.ok(said.stdout.length > 0, `stack-agent ${line} says something`);
      nothing(t, said.stdout + said.stderr, `stack-agent ${line}`);
    }
    const plan = await machine.sh("stack-agent provision --plan");
    for (const word of ["redis-6379.conf", "definitions.json", "has another password"]) t.match(plan, word);
    const mended = await provision();
    nothing(t, mended.stdout + mended.stderr, "what provisioning says");
    await planIsEmpty(t, machine);
  });

  t.test("what the agent and the services answer holds no secret, with the token or without", async (t) => {
    const token = await secret(machine, "health.token");
    const headers = [{}, { authorization: `Bearer ${token}` }, { authorization: "Bearer wrong" }];
    const paths = [
      "/",
      "/livez",
      "/readyz",
      "/health",
      "/health/data",
      "/health/postgres",
      "/metrics",
      "/status",
      "/no",
    ];
    const urls = [
      ...paths.map((path) => `http://127.0.0.1:${required.agent.port}${path}`),
      ...serviceNames.map((name) => `http://127.0.0.1:${required.services[name].port}/health`),
    ];
    for (const url of urls) {
      for (const sent of headers) {
        const answer = await machine.inside().http({ url, headers: sent });
        nothing(t, JSON.stringify(answer), `${url}${"authorization" in sent ? " with a token" : ""}`);
      }
    }
  });

  t.test(
    "PostgreSQL tells of no verifier: not of a slow statement, a waiting one, or one whose process is killed",
    async (t) => {
      const other = (text: string) => asSuperuser(`ALTER ROLE ${required.postgres.user} PASSWORD '${text}'`);
      const agent = {
        ...(await postgresLogin(machine)),
        user: "stack_agent",
        password: await secret(machine, "postgres.agent"),
      };
      /** Readers of roles are let through, writers wait. */
      const held = (seconds: number) =>
        asSuperuser(`BEGIN; LOCK TABLE pg_authid IN SHARE MODE; SELECT pg_sleep(${seconds}); COMMIT`);
      const waiting = () =>
        waitFor(
          async () => {
            const text = `SELECT l.pid, a.query FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.relation = 'pg_authid'::regclass AND NOT l.granted`;
            return (await machine.inside().pg({ ...agent, text })).rows[0];
          },
          { what: "the statement to wait", timeout: 30_000 },
        );
      await other("elsewhere");
      const [slow] = await Promise.all([provision(), held(4)]);
      nothing(t, slow.stdout + slow.stderr, "what provisioning says");

      await other("elsewhere again");
      const lock = held(10).catch(() => {});
      const failing = provision([0, 1]);
      const { pid } = await waiting();
      await machine.exec("kill", ["-KILL", String(pid)]);
      const failed = await failing;
      await lock;
      t.match(failed, { code: 1 });
      nothing(t, failed.stdout + failed.stderr, "its error");
      await waitFor(() => provision().then(() => true), { what: "provisioning to succeed", timeout: 90_000 });
      await planIsEmpty(t, machine);
      const log = await machine.sh(`journalctl --no-pager -o cat -u ${required.postgres.unit}`);
      t.match(log, /still waiting for AccessExclusiveLock|still waiting for RowExclusiveLock/, "it waited");
      t.match(log, /was terminated by signal 9/, "and was killed");
    },
  );

  const given = randomBytes(20).toString("hex");
  givenSecretRows(t, machine, given);
  rotationRows(t, machine);

  t.test("what was given and what was rotated is looked for too, the values before it as well", async (t) => {
    needles = [...needles, ...(await allNeedles(machine))];
    t.ok(needles.some(({ text }) => text === given));
  });

  t.test(
    "a support bundle has what its list says, none of these, and what is planted for it is taken out",
    async (t) => {
      await supportBundleRow(t, machine, needles);
    },
  );

  t.test("logins that fail leave no secret behind", async (t) => {
    const client = machine.inside();
    const { rabbitmq, redis } = required;
    const wrong = await secret(machine, "postgres.agent");
    await t.rejects(client.pg({ ...(await postgresLogin(machine)), password: wrong, text: "SELECT 1" }), {
      code: "28P01",
    });
    const login = { port: rabbitmq.port, vhost: rabbitmq.vhost, user: rabbitmq.user, password: wrong };
    await t.rejects(client.amqpQueue({ ...login, queue: "any" }), /ACCESS.REFUSED/i);
    const command = ["AUTH", "default", wrong];
    const right = { password: await secret(machine, "redis.auth") };
    await t.rejects(client.redis({ ...right, port: redis.ports[1], command }), /WRONGPASS/);
  });

  t.test("a process of ours that is aborted leaves no core", async (t) => {
    const { postgres, redis, rabbitmq, agent } = required;
    const units = [postgres.unit, redis.units[2] ?? "", rabbitmq.unit, agent.unit, serviceUnit("frontend")];
    await machine.sh("touch /run/before-cores");
    // Where the kernel writes cores here: the same signal to a process without our limit.
    await machine.sh(
      "mkdir -p /var/tmp/cores && cd /var/tmp/cores && (ulimit -c unlimited; sh -c 'kill -ABRT $$') || true",
    );
    const written = await machine.sh("ls -A /var/tmp/cores; rm -rf /var/tmp/cores");
    const pattern = await machine.sh("cat /proc/sys/kernel/core_pattern");
    if (pattern.startsWith("|") || pattern.startsWith("/")) t.comment(`this host's cores go elsewhere: ${pattern}`);
    else t.match(written, /core/, "a process without the limit leaves one");
    for (const one of units) {
      const pid = await mainPid(machine, one);
      t.match(
        await machine.sh(`grep 'core file size' /proc/${pid}/limits`),
        /size +0 +0 /,
        `${one}: neither may it raise it`,
      );
      await machine.exec("kill", ["-ABRT", String(pid)]);
      await restarted(machine, one, pid);
    }
    const dumps = String.raw`find / -xdev -newer /run/before-cores \( -name 'core*' -o -name '*crash.dump' \) -type f`;
    t.equal(await machine.sh(`${dumps} -not -path '/proc/*'`), "", "no core, and no dump of Erlang's");
    await healthyAfter(machine, performance.now());
  });

  t.test("one service reads neither another's credentials nor the agent's secrets", async (t) => {
    for (const name of serviceNames) {
      const pid = await mainPid(machine, serviceUnit(name));
      const user = `svc-${name}`;
      const reading = async (path: string) => {
        const within = ["-t", String(pid), "-m", "runuser", "-u", user, "--", "sh", "-c", `cat ${path}`];
        return (await machine.exec("nsenter", within, { accept: [0, 1] })).stdout.trim();
      };
      for (const other of serviceNames) {
        const read = await reading(`/run/credentials/${serviceUnit(other)}/*`);
        if (other === name) t.ok(found(read, needles).length > 0, `${name} reads its own`);
        else t.equal(read, "", `and not ${other}'s`);
      }
      t.equal(
        await reading(`${secretsFolder}/* /etc/redis/* /etc/rabbitmq/definitions.json`),
        "",
        "nor where they come from",
      );
    }
  });

  t.test("no secret is in the journal, of any boot, in any field", async (t) => {
    await machine.exec("logger", [
      "-t",
      "planted",
      `a password: ${Buffer.from(`x:${plantedValue}`).toString("base64")}`,
    ]);
    await machine.exec("logger", ["-t", "planted", `a verifier: ${plantedVerifier()}`]);
    await sleep(500);
    const journal = await wholeJournal(machine);
    t.match(found(journal, planted).join(), /base64.*SCRAM stored key/, "what is logged on purpose is found");
    t.ok(journal.length > 100_000, `${Math.round(journal.length / 1024)} KiB are searched`);
    nothing(t, journal, "the journal");
  });

  t.test("no secret is in any file but those that are there to hold it", async (t) => {
    const { rootfs } = machine.settings;
    await machine.sh("mkdir -p /var/tmp/planted && cat >/var/tmp/planted/file", { input: `a\0b${plantedValue}` });
    t.strictSame(
      (await filesWith(rootfs, planted)).filter((path) => path.startsWith("/var/tmp")),
      ["/var/tmp/planted/file"],
      "a file with one is found",
    );
    const values = needles.filter(({ kind }) => kind === "value");
    const derived = needles.filter(({ kind }) => kind === "derived");
    const withValue = await filesWith(rootfs, values);
    t.strictSame(
      withValue.filter((path) => !holders.some((holder) => holder.test(path))),
      [],
      "values",
    );
    for (const holder of holders)
      t.ok(
        withValue.some((path) => holder.test(path)),
        `${holder} is found to hold its own`,
      );
    const withDerived = await filesWith(rootfs, derived);
    t.strictSame(
      withDerived.filter((path) => !checkers.some((checker) => checker.test(path))),
      [],
      "what is derived of them",
    );
    for (const checker of checkers)
      t.ok(
        withDerived.some((path) => checker.test(path)),
        `${checker} is found to hold its own`,
      );
    const root = `/proc/${machine.pid()}/root`;
    const inMemory = await filesWith(`${root}/run`, needles);
    t.strictSame(
      inMemory.filter((path) => !credentials.test(path)),
      [],
      "and in memory",
    );
    t.ok(inMemory.length >= serviceNames.length);
    t.strictSame(await filesWith(`${root}/dev/shm`, needles), []);
  });
}

function plantedVerifier(): string {
  const text = (form: string): string => planted.find((needle) => needle.form === form)?.text ?? "";
  return `SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$${text("SCRAM stored key")}:${text("SCRAM server key")}`;
}
