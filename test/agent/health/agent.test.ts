import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import t, { type Test as TapTest } from "tap";
import { healthCommand } from "../../../agent/health/health-command.ts";
import { runAgent } from "../../../agent/health/run-agent.ts";
import { listJobsCommand } from "../../../agent/jobs/list-jobs-command.ts";
import { runJobCommand } from "../../../agent/jobs/run-job-command.ts";
import { datagramSender } from "../../../agent/notify/datagram-sender.ts";
import { notifier } from "../../../agent/notify/notifier.ts";
import { type StatusOptions, statusCommand } from "../../../agent/status/status-command.ts";
import type { Check, Outcome } from "../../../engine/check.ts";
import type { Job } from "../../../engine/job.ts";
import { readSecret } from "../../../engine/secrets/read-secret.ts";
import { systemClock } from "../../../lib/clock.ts";
import { isStackError } from "../../../lib/error.ts";
import { writeFileAtomic } from "../../../lib/files.ts";
import { projectFolder } from "../../../lib/project-folder.ts";
import { waitFor } from "../../../lib/wait.ts";
import type { ProgressDocument } from "../../../stack/documents/progress.ts";
import { datagramReceiver } from "../datagram-receiver.ts";
import { progress } from "./snapshot.ts";

const token = "0123456789abcdefghijABCDEFGHIJ0123456789";
const send = datagramSender(process.argv[1]);

/** A machine of the test's own: folders, an agent on a free port, components whose state the test sets. */
async function machine(t: TapTest, names: readonly string[], jobs: readonly Job[] = []) {
  const folder = t.testdir();
  const [runFolder, stateFolder] = [join(folder, "run"), join(folder, "state")];
  mkdirSync(join(runFolder, "jobs"), { recursive: true });
  mkdirSync(join(stateFolder, "secrets"), { recursive: true });
  const systemd = datagramReceiver(t);
  const outcomes = new Map<string, Outcome>();
  const logged: string[] = [];
  const checks = names.map(
    (name): Check => ({
      name: `${name}:test`,
      component: name,
      open: () => ({
        run: async () => outcomes.get(name) ?? { status: "fail", code: "refused", message: `${name} said no` },
        close: async () => {},
      }),
    }),
  );
  const agent = await runAgent({
    model: {
      name: "stock-analysis",
      version: "1.0.0",
      versions: [],
      checks: [],
      ports: [],
      definition: { timezone: "Etc/UTC", agent: { drift: "0 * * * *" }, updates: { schedule: "off" } } as never,
    },
    load: async () => ({ checks, jobs }),
    context: { model: {} as never, secret: (name) => readSecret(stateFolder, name) },
    runFolder,
    host: "127.0.0.1",
    port: 0,
    clock: systemClock,
    log: (_, message) => logged.push(message),
    notifier: notifier({ environment: { NOTIFY_SOCKET: systemd.path }, pid: process.pid, send }),
    timing: { interval: 50, hurried: 25 },
    pageFolder: join(projectFolder, "agent/page"),
    run: async () => ({ stdout: "", stderr: "", code: 1 }),
  });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= agent.stop());
  t.teardown(stop);
  const definitionPath = join(folder, "stack.yaml");
  writeFileSync(definitionPath, `agent: { port: ${agent.port} }\n`);
  return {
    systemd,
    logged,
    stop,
    port: agent.port,
    paths: { definitionPath, stateFolder, runFolder },
    pass: (...which: readonly string[]) => {
      for (const name of which) outcomes.set(name, { status: "pass", code: "ok" });
    },
    set: (name: string, outcome: Outcome) => outcomes.set(name, outcome),
    provisioning: (document: ProgressDocument) =>
      writeFileAtomic(join(runFolder, "progress.json"), JSON.stringify(document)),
    makeToken: () => writeFileSync(join(stateFolder, "secrets", "health.token"), token),
    status: async (options: StatusOptions = {}) => {
      const out: string[] = [];
      const aside: string[] = [];
      const output = { write: (x: string) => out.push(x), writeAside: (x: string) => aside.push(x), colours: false };
      const paths = { definitionPath, stateFolder, runFolder };
      const code = await statusCommand({ ...paths, output, ...options });
      return { code, text: out.join(""), aside: aside.join("") };
    },
    health: async (component?: string) => {
      const out: string[] = [];
      const output = { write: (x: string) => out.push(x), writeAside: () => {}, colours: false };
      const paths = { definitionPath, stateFolder, runFolder };
      const code = await healthCommand({ ...paths, output, ...(component === undefined ? {} : { component }) });
      return { code, text: out.join("") };
    },
  };
}

type Machine = Awaited<ReturnType<typeof machine>>;

const code = async (here: Machine, path: string): Promise<number> =>
  (await fetch(`http://127.0.0.1:${here.port}${path}`)).status;
const until = (what: string, look: () => Promise<boolean>) => waitFor(look, { what, timeout: 20_000, interval: 20 });

t.test("from the first second to healthy: liveness at once, readiness names the stage, then all is well", async (t) => {
  const here = await machine(t, ["postgres", "redis"]);
  t.equal(await code(here, "/livez"), 200);
  t.equal(await code(here, "/readyz"), 503);
  t.equal((await here.status()).code, 3, "working");
  await here.provisioning(progress("running"));
  await until("the stage's name", async () => {
    const document = await (await fetch(`http://127.0.0.1:${here.port}/readyz`)).json();
    return (document as { stage?: string }).stage === "redis";
  });
  here.pass("postgres", "redis");
  t.equal(await code(here, "/readyz"), 503);
  await here.provisioning(progress("done"));
  await until("readiness", async () => (await code(here, "/readyz")) === 200);
  t.equal((await here.status()).code, 0);
  t.equal((await here.health()).code, 0);
  await here.systemd.until((texts) => texts.includes("STATUS=healthy"));
  t.match(here.systemd.texts()[0], /^READY=1\n/);
  t.ok(here.systemd.texts().includes("STATUS=provisioning: redis"));
});

t.test("a component that stops is named, logged once, and recovers by itself", async (t) => {
  const here = await machine(t, ["postgres", "redis"]);
  here.pass("postgres", "redis");
  await here.provisioning(progress("done"));
  await until("health", async () => (await code(here, "/health")) === 200);
  here.set("redis", { status: "fail", code: "cluster-down", message: "slots 0-5460 are not served" });
  await until("trouble", async () => (await code(here, "/health")) === 503);
  t.equal(await code(here, "/health/redis"), 503);
  t.equal(await code(here, "/health/data"), 503, "its group fails with it");
  t.equal(await code(here, "/health/postgres"), 200);
  t.match(await here.health("data"), { code: 1, text: /postgres +pass[\s\S]*redis +fail/ });
  const told = await here.status();
  t.match(told, { code: 1, text: /redis +fail +cluster-down/ });
  t.notMatch(told.text, /slots 0-5460/);
  t.match(await here.health("redis"), { code: 1, text: /redis +fail +cluster-down/ });
  here.makeToken();
  t.match((await here.status()).text, /slots 0-5460/, "with the token");
  t.match((await here.health()).text, /slots 0-5460/, "with the token");
  here.pass("redis");
  await until("recovery", async () => (await code(here, "/health")) === 200);
  const ofRedis = here.logged.filter((line) => line.startsWith("redis"));
  t.same(ofRedis.slice(-2), [
    "redis: pass (ok) -> fail (cluster-down): slots 0-5460 are not served",
    "redis: fail (cluster-down) -> pass (ok)",
  ]);
});

t.test("status --wait shows what moves and ends when all is well", async (t) => {
  const here = await machine(t, ["postgres", "event-bus"]);
  const waiting = here.status({ wait: true, timeout: 60, format: "json" });
  let over = false;
  void waiting.then(() => {
    over = true;
  });
  await here.provisioning(progress("running"));
  here.pass("postgres");
  await here.provisioning(progress("done"));
  await until("provisioning's end", async () =>
    (await (await fetch(`http://127.0.0.1:${here.port}/readyz`)).text()).includes('"provision","status":"pass"'),
  );
  t.notOk(over, "a service that is not up yet is waited for");
  here.pass("event-bus");
  const told = await waiting;
  t.equal(told.code, 0);
  t.match(JSON.parse(told.text), { status: "healthy", stack: { name: "stock-analysis" } });
  t.match(told.aside, /stage redis: done in 2\.2 s\n/);
  t.match(told.aside, /event-bus: fail \(refused\)\n[\s\S]*event-bus: pass\n/);
});

t.test("status --wait ends at once when provisioning fails, with its error and hint", async (t) => {
  const here = await machine(t, ["postgres"]);
  const error = { code: "command-failed", message: "initdb ended with exit code 1", hint: "df -h", detail: [] };
  const stages = [{ id: "postgres", title: "PostgreSQL", status: "failed" as const, actions: 1, error }];
  await here.provisioning(progress("failed", { stages }));
  t.match(await here.status({ wait: true, timeout: 600 }), {
    code: 1,
    text: /initdb ended with exit code 1[\s\S]*next[\s\S]*df -h/,
    aside: /stage postgres: failed: initdb/,
  });
});

t.test("status --wait ends at its deadline and says what is still missing", async (t) => {
  const here = await machine(t, ["postgres"]);
  await here.provisioning(progress("running"));
  t.match(await here.status({ wait: true, timeout: 2 }), {
    code: 3,
    text: /: working\n/,
    aside: /waited 2 s in vain for stage redis \(running\), postgres \(refused\)\n$/,
  });
  await here.provisioning(progress("done"));
  await until("provisioning's end", async () => (await here.status()).code === 1);
  t.match(await here.status({ wait: true, timeout: 2 }), {
    code: 3,
    text: /postgres +fail +refused/,
    aside: /in vain for postgres \(refused\)\n$/,
  });
});

t.test("status --wait asked before anything runs waits for the agent and for provisioning", async (t) => {
  const here = await machine(t, ["postgres"]);
  here.pass("postgres");
  await here.stop();
  t.match(await here.status({ wait: true, timeout: 0.3 }), {
    code: 3,
    aside: /agent: does not answer\n[\s\S]*in vain for provisioning to begin, the agent to answer\n$/,
  });
  const later = await machine(t, ["postgres"]);
  later.pass("postgres");
  const waiting = later.status({ wait: true, timeout: 60 });
  await later.provisioning(progress("running"));
  await later.provisioning(progress("done"));
  t.match(await waiting, { code: 0, text: /: healthy\n/ });
});

t.test("status --wait ends in time though the agent takes connections and says nothing", async (t) => {
  const here = await machine(t, ["postgres"]);
  await here.provisioning(progress("done"));
  await here.stop();
  // As a stopped process: the kernel still takes connections for it.
  const silent = createServer(() => {}).listen(here.port, "127.0.0.1");
  t.teardown(() => silent.close());
  await once(silent, "listening");
  t.match(await here.status({ wait: true, timeout: 0.4 }), {
    code: 3,
    aside: /in vain for the agent to answer\n$/,
  });
});

t.test("an agent that does not answer is said so, with the commands that tell why", async (t) => {
  const here = await machine(t, ["postgres"]);
  await here.provisioning(progress("done"));
  await here.stop();
  const told = await here.status();
  t.match(told, {
    code: 1,
    aside: /does not answer[\s\S]*hint: systemctl status stack-agent; stack-agent logs agent/,
  });
  t.match(told.text, /redis +done/, "what provisioning left is still shown");
  await t.rejects(here.health(), { code: "agent-unreachable", exit: 1, hint: /systemctl status stack-agent/ });
  await here.provisioning(progress("running"));
  t.equal((await here.status()).code, 3);
});

t.test("before the agent answers and provisioning begins, a machine that boots is at work", async (t) => {
  const here = await machine(t, ["postgres"]);
  await here.stop();
  t.match(await here.status({ booting: async () => true }), { code: 3, text: /: working$/m });
  t.match(await here.status({ booting: async () => false }), { code: 1, text: /: failed$/m });
  await here.provisioning(progress("failed"));
  t.match(await here.status({ booting: async () => true }), { code: 1 }, "what has failed has failed");
});

t.test("wrong use is refused with exit code 64", async (t) => {
  const here = await machine(t, ["postgres"]);
  for (const wrong of [
    () => here.status({ format: "xml" }),
    () => here.status({ wait: true, timeout: 0 }),
    () => here.status({ wait: true, timeout: Number.NaN }),
    () => here.health("kafka"),
  ]) {
    const error = await wrong().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    t.ok(isStackError(error) && error.exit === 64);
  }
});

t.test("a progress document cut short is no reason to fall over", async (t) => {
  const here = await machine(t, ["postgres"]);
  const path = join(here.paths.runFolder, "progress.json");
  here.pass("postgres");
  writeFileSync(path, '{"schemaVersion":1,"state":"do');
  t.equal((await here.status()).code, 3);
  t.equal(await code(here, "/readyz"), 503);
  await here.provisioning(progress("done"));
  await until("readiness", async () => (await code(here, "/readyz")) === 200);
});

t.test("stopping tells systemd, ends connections, and leaves nothing listening", async (t) => {
  const here = await machine(t, ["postgres"]);
  await here.stop();
  await here.systemd.until((texts) => texts.some((text) => text.startsWith("STOPPING=1")));
  await t.rejects(fetch(`http://127.0.0.1:${here.port}/livez`));
});

t.test("a job that is asked for runs before its turn, and whoever asked is told how it ended", async (t) => {
  let begun = 0;
  const job: Job = {
    name: "tidy",
    schedule: "0 3 29 2 *",
    run: async () => {
      begun += 1;
      if (begun > 1) throw new Error("nothing to tidy");
    },
  };
  const here = await machine(t, ["postgres"], [job]);
  here.pass("postgres");
  const out: string[] = [];
  const { signal } = new AbortController();
  const write = (text: string) => void out.push(text);
  const ask = (name: string, userId = 0) => runJobCommand({ job: name, signal, write, userId, ...here.paths });
  await here.provisioning(progress("running"));
  await until("provisioning", async () => (await here.status()).code === 3);
  await t.rejects(ask("tidy"), { code: "provisioning" });
  t.equal(begun, 0);
  await here.provisioning(progress("done"));
  await until("the end of it", async () => (await here.status()).code === 0);
  t.equal(await ask("tidy"), 0);
  t.match(out.pop(), /^tidy: ended well, after 0\.\d\d s\.\n$/);
  here.makeToken();
  t.equal(await ask("tidy"), 1);
  t.match(out.pop(), /^tidy: nothing to tidy, after/);
  t.equal(begun, 2);
  const output = { write, writeAside: () => {}, colours: false };
  t.equal(await listJobsCommand({ ...here.paths, output }), 2);
  t.match(out.pop(), /^tidy +0 3 29 2 \* +\d+ s ago .*\n {2}failed: nothing to tidy\n$/m);
  await t.rejects(ask("tydi"), { code: "no-such-job", exit: 64, hint: "jobs are tidy" });
  await t.rejects(ask("tidy", 1000), { code: "not-root" });
});
