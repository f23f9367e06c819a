/**
 * A machine that is no longer as its definition says: what the plan says of it, what
 * provisioning then does, what that restarts, and what health and `drift` tell meanwhile.
 * Drifts that don't touch each other are made at once.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { guestFiles } from "../../lib/lxc/guest-files.ts";
import { waitFor } from "../../lib/wait.ts";
import { driftDocument } from "../../stack/documents/drift.ts";
import { type PlanDocument, planDocument } from "../../stack/documents/plan.ts";
import { timelineDocument } from "../../stack/documents/timeline.ts";
import { brokerEval, loseQueueLogs } from "./broker-eval.ts";
import type { Machine } from "./create-machine.ts";
import { health } from "./health.ts";
import { redisLogin, secret } from "./logins.ts";
import { management, managementDelete } from "./management.ts";
import { required, serviceNames, serviceSocket, serviceUnit } from "./required.ts";
import { jobRows } from "./rows/jobs.ts";
import { newServiceRows } from "./rows/new-service.ts";
import { superuser } from "./rows/postgres.ts";
import { isKept, keep, planIsEmpty } from "./rows/reboot.ts";
import { releaseRows } from "./rows/releases.ts";
import { streamRows } from "./rows/stream.ts";
import { becomesHealthy, stackMachine } from "./stack-machine.ts";
import { bringWheels } from "./wheels.ts";

t.setTimeout(20 * 60_000);

const { postgres, redis, rabbitmq, agent } = required;
const [first = "", second = "", third = ""] = redis.units;
const definition = "/etc/stack-agent/stack.yaml";
const request = "/run/stack-agent/jobs/drift";

interface Drifts {
  readonly what: string;
  readonly make: (machine: Machine) => Promise<unknown>;
  /** Each is somewhere in the plan, as `STAGE DO WHAT`. */
  readonly planned: readonly RegExp[];
  /** Running services that run anew afterwards, or again. */
  readonly restarted: readonly string[];
}

const shell =
  (...lines: readonly string[]) =>
  (machine: Machine): Promise<string> =>
    machine.sh(["set -e", ...lines].join("\n"), { timeout: 120_000 });

const sql = async (machine: Machine, text: string, database = "postgres"): Promise<void> => {
  await machine.inside().pg({ ...(await superuser(machine)), database, text });
};

/** What the databases held before RabbitMQ lost its record. */
let kept = "";

const drifts: readonly Drifts[] = [
  {
    what: "changed configuration, wrong modes and owners, a folder in a file's place",
    make: shell(
      `echo 'work_mem = 1MB' >> ${postgres.configDirectory}/postgresql.conf`,
      "sed -i 's/^requirepass .*/requirepass a-password-of-somebody-else/' /etc/redis/redis-6380.conf",
      "echo 'heartbeat = 1' >> /etc/rabbitmq/rabbitmq.conf",
      "sed -i '/SERVICE_PORT/d' /etc/stock-analysis/frontend.env",
      "chmod 644 /etc/redis/redis-6381.conf",
      "chown root:root /etc/stock-analysis/monitoring.env",
      "chmod 777 /var/lib/redis/6379",
      "rm /etc/motd && mkdir /etc/motd && touch /etc/motd/kept",
    ),
    planned: [
      /^system writeFile \/etc\/motd$/,
      /^postgres writeFile .*postgresql.conf$/,
      /^redis writeFile .*redis-6381.conf$/,
      /^redis makeDirectory \/var\/lib\/redis\/6379$/,
      /^redis restartUnits redis-server@6380.service$/,
      /^services writeFile .*monitoring.env$/,
    ],
    restarted: [postgres.unit, second, rabbitmq.unit, serviceUnit("frontend")],
  },
  {
    what: "units stopped, masked, disabled; a unit file and an enabling link gone",
    make: shell(
      `systemctl stop ${first} ${serviceSocket("monitoring")}`,
      // One without another name: systemd 257 loses sight of a running ssh.service, also called sshd, that was masked.
      "systemctl mask --quiet epmd.socket",
      `systemctl disable --quiet ${postgres.unit}`,
      `rm /etc/systemd/system/stock-analysis.target.wants/${serviceUnit("event-bus")}`,
      `rm /etc/systemd/system/${serviceUnit("frontend")}`,
      "systemctl stop stack-job@drift.path",
    ),
    planned: [
      /^system startUnits stack-job@drift.path$/,
      new RegExp(`^postgres enableUnits ${postgres.unit}$`),
      /^rabbitmq enableUnits epmd.socket$/,
      /^redis startUnits redis-server@6379.service$/,
      /^services reloadUnits$/,
      /^services startUnits .*monitoring.socket .*monitoring.service/,
    ],
    restarted: [first, serviceUnit("monitoring"), serviceUnit("frontend")],
  },
  {
    what: "a queue and a binding gone, roles changed and gone, slots lost",
    make: async (machine) => {
      const vhost = encodeURIComponent(rabbitmq.vhost);
      await managementDelete(machine, `queues/${vhost}/stock-analysis-frontend`);
      const bindings = `bindings/${vhost}/e/stock-analysis-events/q/stock-analysis-broker-gateway`;
      const [binding] = await management<readonly { readonly properties_key: string }[]>(machine, bindings);
      await managementDelete(machine, `${bindings}/${encodeURIComponent(binding?.properties_key ?? "")}`);
      await managementDelete(machine, `policies/${vhost}/check`);
      await sql(machine, `ALTER ROLE ${postgres.user} CREATEDB CONNECTION LIMIT 7`);
      await sql(machine, "ALTER ROLE stack_agent NOLOGIN");
      await sql(machine, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'stack_agent'");
      await sql(machine, "DROP OWNED BY stack_agent; DROP ROLE stack_agent", postgres.database);
      const command = ["CLUSTER", "DELSLOTS", "16383", "16382"];
      await machine.inside().redis({ ...(await redisLogin(machine)), port: 6381, command });
    },
    planned: [
      /^postgres sql in postgres: .*CREATE ROLE stack_agent/,
      /^postgres sql in stock_analysis_event_store: GRANT /,
      /^redis redisCluster /,
      /^rabbitmq importDefinitions /,
    ],
    restarted: [],
  },
  {
    // As in a power cut within half a second of the queues' declaration: the broker's start mends that, and
    // nothing is planned for it; and one queue's log without an entry, though it was led: as in one between
    // its term's writing and its first entry's.
    what: "RabbitMQ's record of which log is whose queue lost, and what was in a queue's log",
    make: async (machine) => {
      kept = await keep(machine);
      const emptied = "'/stock-analysis_stock-analysis-monitoring'";
      await loseQueueLogs(machine, emptied);
      // What is in it goes to its folder.
      await brokerEval(machine, "ra_log_wal:force_roll_over(ra_log_wal).");
      const quorum = "/var/lib/rabbitmq/mnesia/rabbit@localhost/quorum/rabbit@localhost";
      const segments = `$(dirname $(grep -l "cluster_name => ${emptied}" ${quorum}/*/config))/*.segment`;
      await shell(
        `for each in $(seq 100); do ls ${segments} >/dev/null 2>&1 && break; sleep 0.1; done`,
        `systemctl stop ${rabbitmq.unit}`,
        `rm ${segments}`,
        `systemctl start ${rabbitmq.unit}`,
      )(machine);
    },
    planned: [/^rabbitmq leadQueue '\/stock-analysis_stock-analysis-monitoring'$/],
    restarted: [rabbitmq.unit],
  },
  {
    what: "a secret, a node's data and a virtual environment lost",
    make: shell(
      "rm /var/lib/stack-agent/secrets/postgres.app",
      `systemctl stop ${second}`,
      "rm -r /var/lib/redis/6380",
      "rm -r /opt/stock-analysis/venvs/broker-gateway",
    ),
    planned: [
      /^system makeSecret postgres.app$/,
      /^python makeVenv broker-gateway /,
      /^postgres sql in postgres: ALTER ROLE stock_analysis_user/,
      /^redis makeDirectory \/var\/lib\/redis\/6380$/,
      /^redis startUnits redis-server@6380.service$/,
      /^services restartUnits /,
    ],
    restarted: [second, ...serviceNames.map(serviceUnit)],
  },
  {
    what: "another definition: memory of Redis, a service's port, a binding, a job's schedule",
    make: shell(
      `sed -i -e 's/maxmemory: .*/maxmemory: 64 MiB/' -e 's/port: 8005/port: 8015/' \\
        -e 's/"monitoring[.][*]"/"monitoring.*", "alerts.*"/' -e 's/viewRefresh: .*/viewRefresh: "7 * * * *"/' ${definition}`,
    ),
    planned: [
      /^system writeFile .*definition.json$/,
      /^system restartUnits stack-agent.service$/,
      /^redis restartUnits redis-server@6379.service redis-server@6380.service redis-server@6381.service/,
      /^rabbitmq importDefinitions /,
      /^services restartUnits stock-analysis-frontend.socket stock-analysis-frontend.service/,
    ],
    restarted: [agent.unit, first, second, third, serviceUnit("frontend")],
  },
];

const machine = await stackMachine(t);
if (machine !== undefined) {
  const guest = guestFiles(machine.settings.rootfs);
  let uv = "";

  t.test("it is as its definition says to begin with", async (t) => {
    uv = await bringWheels(t, machine);
    await becomesHealthy(t, machine, await machine.start(), "first boot");
    await planIsEmpty(t, machine);
    const { code, stdout } = await machine.exec("stack-agent", ["drift", "--json"]);
    t.equal(code, 0);
    t.strictSame(driftDocument.parse(JSON.parse(stdout)).differences, []);
    t.equal(await machine.sh("runuser -u nobody -- stack-agent drift 2>&1 | head -1 || true"), notRoot);
  });

  for (const { what, make, planned, restarted } of drifts) {
    t.test(`${what}: the plan is the first round, and only what needs it is restarted`, async (t) => {
      const before = await running(machine);
      await make(machine);
      const plan = planDocument.parse(JSON.parse(await machine.sh("stack-agent provision --plan --json")));
      const all = plan.actions.map((action) => `${action.stage} ${action.do} ${action.what}`.trim());
      for (const wanted of planned)
        t.ok(
          all.some((line) => wanted.test(line)),
          `planned: ${wanted.source}`,
        );
      await hasNoSecret(
        t,
        machine,
        await machine.sh("stack-agent provision --diff; stack-agent provision --diff --json"),
      );
      const { code, stdout, stderr } = await machine.exec("env", [...uv.split(" "), "stack-agent", "provision"], {
        accept: [0, 1],
        timeout: 300_000,
      });
      t.equal(code, 0, `provision ends well: ${stdout}${stderr}`);
      await isFirstRound(t, machine, plan);
      await waitFor(async () => (await machine.exec("stack-agent", ["status"], { accept: [0, 1, 2, 3] })).code === 0, {
        what: "the stack to be healthy",
        timeout: 90_000,
        interval: 1_000,
      }).catch(async () => t.fail(await machine.sh("stack-agent status || true")));
      await planIsEmpty(t, machine);
      const anew = changes(before, await running(machine));
      t.strictSame(anew, [...restarted].sort(), "what runs anew");
      for (const unit of anew.filter((name) => !restarted.includes(name))) {
        t.comment(await machine.sh(`journalctl --no-pager -b -o short-precise -n 40 -u ${unit}`));
      }
      if (kept !== "") await isKept(t, machine, kept);
      kept = "";
      t.equal(await machine.sh("systemctl is-system-running --wait || true"), "running");
    });
  }

  t.test("what was in a file's place is set aside; a port is served that the definition names", async (t) => {
    t.equal(await machine.sh("ls /etc/motd.set-aside"), "kept");
    t.equal((await health(machine, 8015)).status, 200);
  });

  streamRows(t, machine, { service: "frontend", port: 8015 });

  t.test("the agent's job finds drift as root; health warns of it, and is ready", async (t) => {
    await machine.sh("echo drifted > /etc/motd; chmod 666 /etc/redis/redis-6379.conf; touch /run/marker");
    await machine.sh(`runuser -u stack-agent -- touch ${request}`);
    const authorization = `Bearer ${await secret(machine, "health.token")}`;
    const state = async (status: string) => {
      const { document } = await health(machine, agent.port, "/health/drift", { authorization });
      return document.status === status && document;
    };
    const found = await waitFor(() => state("warn"), { what: "health to warn", timeout: 60_000, interval: 200 });
    t.match(found.components, [{ name: "drift", status: "warn", code: "drifted" }]);
    t.match(found.checks["drift:state"]?.[0]?.output, /^2 differences, first system: \/etc\/motd: content differs/);
    t.equal((await health(machine, agent.port, "/health")).status, 200);
    t.equal((await health(machine, agent.port, "/readyz")).document.status, "pass");
    t.equal((await machine.exec("stack-agent", ["status"], { accept: [0, 1, 2, 3] })).code, 2);
    t.equal(await guest.text(request), undefined, "the request is answered");
    t.equal(
      await machine.sh("find /etc /opt /usr /var/lib/stack-agent -xdev -newer /run/marker"),
      "",
      "the job writes nothing to disk",
    );
    t.equal(await machine.sh("systemctl is-system-running --wait || true"), "running");
    const spent = await machine.sh(
      "bash -c \"TIMEFORMAT='%U user, %S system'; time stack-agent drift >/dev/null\" 2>&1 || true",
    );
    t.comment(`CPU seconds of a look: ${spent}`);
    const drift = await machine.exec("stack-agent", ["drift"], { accept: [2] });
    t.match(drift.stdout, /^ {2}\/etc\/motd: content differs$/m);
    t.match(drift.stdout, /^mends them: {2}stack-agent provision$/m);
    await machine.sh("stack-agent provision");
    await waitFor(() => state("pass"), { what: "health to forget what is mended", timeout: 30_000, interval: 200 });
    t.equal((await machine.exec("stack-agent", ["status"])).code, 0);
  });

  t.test("the agent may ask for the jobs that are declared, and for nothing else", async (t) => {
    await machine.sh("runuser -u stack-agent -- touch /run/stack-agent/jobs/other /run/stack-agent/jobs/drift");
    await waitFor(async () => (await guest.text(request)) === undefined, { what: "the job", timeout: 60_000 });
    t.equal(await machine.sh("systemctl is-active stack-job@other.service || true"), "inactive");
    const { code, stderr } = await machine.exec("stack-agent", ["job", "perform", "other"], { accept: [64] });
    t.equal(code, 64);
    t.match(stderr, /there is no job "other" \[no-such-job\]/);
    t.equal(await machine.sh("runuser -u stack-agent -- touch /run/stack-agent/drift.json 2>&1 || true"), denied);
    await machine.sh("rm /run/stack-agent/jobs/other");
    const jobs = JSON.parse(await machine.sh("stack-agent status --format json")) as {
      readonly jobs: readonly { readonly name: string; readonly schedule: string }[];
    };
    t.match(
      jobs.jobs.find(({ name }) => name === "drift"),
      { schedule: "*/15 * * * *" },
      "status shows the job",
    );
  });

  jobRows(t, machine);

  t.test("--only tells of a stage that it needs and that is not done, and hides none that has failed", async (t) => {
    await machine.sh("echo drifted > /etc/motd; chmod 666 /etc/redis/redis-6379.conf");
    const only = () => machine.exec("stack-agent", ["provision", "--only", "redis"], { accept: [0, 1, 2] });
    const needy = await only();
    t.equal(needy.code, 2);
    t.match(needy.stderr + needy.stdout, /system is needed, and not done: writeFile \/etc\/motd/);
    t.equal(await machine.sh("stat -c %a /etc/redis/redis-6379.conf; cat /etc/motd"), "640\ndrifted");
    const migrations = (checksum: string) =>
      sql(machine, `UPDATE stack_agent.migrations SET checksum = ${checksum} WHERE version = 9`, postgres.database);
    await machine.sh("stack-agent provision");
    await migrations("reverse(checksum)");
    t.equal((await machine.exec("stack-agent", ["provision"], { accept: [0, 1] })).code, 1);
    const without = await only();
    t.equal(without.code, 0);
    t.match(without.stdout, /Not asked for, and not done: .*postgres/);
    t.equal((await machine.exec("stack-agent", ["status"], { accept: [0, 1, 2, 3] })).code, 1);
    await migrations("reverse(checksum)");
    t.equal((await machine.exec("stack-agent", ["provision"])).code, 0);
    await planIsEmpty(t, machine);
  });

  releaseRows(t, machine, "/root/wheels");
  newServiceRows(t, machine, "/root/wheels");

  /** Stage by stage: what is planned is what the first round did, in its order; more came only of what was unseen. */
  async function isFirstRound(t: Test, machine: Machine, plan: PlanDocument): Promise<void> {
    const timeline = timelineDocument.parse(JSON.parse(await machine.sh("cat /run/stack-agent/timeline.json")));
    const done = timeline.spans.filter((span) => span.kind === "action");
    for (const stage of new Set([...plan.actions, ...done].map((action) => action.stage))) {
      const line = (action: {
        readonly do?: string | undefined;
        readonly what?: string | undefined;
        readonly why?: string | undefined;
      }) => `${action.do} ${action.what} (${action.why})`;
      t.strictSame(
        done.filter((action) => action.stage === stage && action.round === 1).map(line),
        plan.actions.filter((action) => action.stage === stage).map(line),
        `${stage}: the first round is the plan`,
      );
      const later = done.filter((action) => action.stage === stage && action.round > 1).map(line);
      if (later.length === 0) continue;
      t.ok(
        plan.unseen.some((what) => what.startsWith(`${stage}: `)),
        `${stage}: what came later was said to be unseen: ${later.join("; ")}`,
      );
    }
  }

  async function hasNoSecret(t: Test, machine: Machine, text: string): Promise<void> {
    const names = await readdir(join(machine.settings.rootfs, "var/lib/stack-agent/secrets"));
    const values = await Promise.all(names.map((name) => secret(machine, name)));
    const shown = names.filter((_, index) => text.includes(values[index] ?? ""));
    t.strictSame(shown, [], "no secret is in the diff");
    t.notOk(text.includes("a-password-of-somebody-else"), "nor one that is none of ours");
  }
}

const notRoot = "error: stack-agent drift must be run as root [not-root]";
const denied = "touch: cannot touch '/run/stack-agent/drift.json': Permission denied";

/** Services that run, by name, and which run of theirs it is. */
async function running(machine: Machine): Promise<ReadonlyMap<string, string>> {
  const list = "systemctl list-units --type=service --state=running --no-legend --plain | cut -d ' ' -f 1";
  const shown = await machine.sh(`${list} | xargs systemctl show --property=Id,InvocationID`);
  const blocks = shown
    .split("\n\n")
    .map((block) => Object.fromEntries(block.split("\n").map((line) => line.split("="))));
  return new Map(blocks.map(({ Id, InvocationID }) => [String(Id), String(InvocationID)]));
}

/** Services that are another run now, or gone, or new. */
function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names.filter((name) => before.get(name) !== after.get(name)).sort();
}
