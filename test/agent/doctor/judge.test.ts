import { readFileSync } from "node:fs";
import t from "tap";
import { judge } from "../../../agent/doctor/judge.ts";
import { type Answer, type Circumstances, promises } from "../../../agent/doctor/promises.ts";
import { circumstances, question } from "../../../agent/doctor/question.ts";
import { sandboxesOf } from "../../../agent/doctor/sandboxes.ts";
import { stackModel } from "../../stack/stack-model.ts";

const model = stackModel();
const sandboxes = sandboxesOf(model, (path) => readFileSync(path, "utf8"));
const machine = { temporary: "1:2", addresses: ["10.1.1.50"] };

/** Of a process that can do nothing it should not. */
const safe: Answer = {
  writable: ["/tmp", "/dev/shm"],
  notReadOnly: [],
  runs: [],
  seen: [],
  temporary: "3:4",
  devices: [],
  tunables: [],
  processes: [],
  reached: [],
  capabilities: false,
  newPrivileges: false,
  systemCalls: false,
  namespaces: false,
  writableCode: false,
};

function sandboxOf(unit: string) {
  const sandbox = sandboxes.find((one) => one.unit === unit);
  if (sandbox === undefined) throw new Error(`${unit} has no sandbox`);
  return sandbox;
}

const redis = sandboxOf("redis-server@6379.service");
const frontend = sandboxOf("stock-analysis-frontend.service");

function judged(
  answer: Partial<Answer>,
  sandbox = redis,
  confinement: "nesting" | "no-nesting" | "no-mounts" = "nesting",
) {
  const around = circumstances(sandbox, "redis", model, machine);
  const all = judge({ sandbox, answer: { ...safe, ...answer }, around, confinement, deniesAddresses: true });
  return all.filter(({ state }) => state !== "kept").map(({ promise, state, found }) => ({ promise, state, found }));
}

t.test("every long-running service of the stack makes promises", async (t) => {
  const kept = model.units.filter(({ running, unit }) => running && unit.endsWith(".service")).map(({ unit }) => unit);
  t.strictSame(
    [...kept, "epmd.service"].filter((unit) => !sandboxes.some((one) => one.unit === unit)),
    [],
  );
});

t.test("each is one that systemd can show", async (t) => {
  for (const { unit } of sandboxes) t.match(unit, /^[^@]+(@[^.]+)?\.service$/);
});

t.test("what a unit may do is its own and nobody else's", async (t) => {
  t.strictSame(judged({}), []);
  t.strictSame(judged({ writable: ["/var/lib/redis/6379", "/run/redis-6379"] }), []);
  t.strictSame(judged({ writable: ["/var/lib/redis/6380"] }), [
    { promise: "files", state: "broken", found: ["writes /var/lib/redis/6380"] },
  ]);
  t.strictSame(judged({ notReadOnly: ["/usr"] }), [
    { promise: "files", state: "broken", found: ["/usr is not read-only"] },
  ]);
});

t.test("each promise can be broken, by itself alone", async (t) => {
  const around: Circumstances = circumstances(frontend, "svc-frontend", model, machine);
  const breaking: Readonly<Record<string, Partial<Answer>>> = {
    files: { notReadOnly: ["/etc"] },
    homes: { seen: ["/root"] },
    others: { seen: around.inaccessible.slice(0, 1) },
    secrets: { seen: ["/var/lib/stack-agent/secrets/redis.auth"] },
    temporary: { temporary: "1:2" },
    devices: { devices: ["kmsg"] },
    execution: { runs: ["/tmp"] },
    tunables: { tunables: ["/proc/sysrq-trigger"] },
    processes: { processes: [1] },
    network: { reached: ["10.1.1.50:8000"] },
    capabilities: { capabilities: true },
    privileges: { newPrivileges: true },
    namespaces: { namespaces: true },
    "system-calls": { systemCalls: true },
    memory: { writableCode: true },
  };
  t.strictSame(
    Object.keys(breaking),
    promises.map(({ id }) => id),
  );
  const all = { ...frontend, directives: new Map([...frontend.directives, ["IPAddressDeny", ["any"]]]) };
  for (const [id, answer] of Object.entries(breaking)) {
    const found = judge({
      sandbox: all,
      answer: { ...safe, ...answer },
      around,
      confinement: "nesting",
      deniesAddresses: false,
    });
    t.strictSame(
      found.filter(({ state }) => state === "broken").map(({ promise }) => promise),
      [id],
    );
  }
});

t.test("what the machine can't enforce is not held for broken", async (t) => {
  const states = (confinement: "nesting" | "no-nesting" | "no-mounts") =>
    judged(
      { notReadOnly: ["/usr"], processes: [1], reached: ["10.1.1.50:8000"], capabilities: true },
      redis,
      confinement,
    ).map(({ promise, state }) => `${promise} ${state}`);
  t.strictSame(states("nesting"), ["files broken", "processes broken", "network not-enforced", "capabilities broken"]);
  t.strictSame(states("no-nesting"), [
    "files broken",
    "processes not-enforced",
    "network not-enforced",
    "capabilities broken",
  ]);
  t.strictSame(states("no-mounts"), [
    "files not-enforced",
    "processes not-enforced",
    "network not-enforced",
    "capabilities broken",
  ]);
});

t.test("a service is asked for all that others own, and for nothing of its own", async (t) => {
  const { hidden, noExec, addresses } = question(
    frontend,
    circumstances(frontend, "svc-frontend", model, machine),
    model,
    machine,
  );
  for (const path of [
    "/root",
    "/opt/stock-analysis/venvs/monitoring",
    "/opt/stock-analysis/services/event-bus",
    "/var/lib/stack-agent/secrets/postgres.superuser",
    "/run/credentials/stock-analysis-monitoring.service/postgres_password",
    "/run/stack-credentials/stock-analysis-monitoring.service/postgres_password",
    "/etc/redis/redis-6379.conf",
    "/etc/rabbitmq/definitions.json",
    "/etc/stock-analysis/monitoring.env",
  ]) {
    t.ok(hidden.includes(path), path);
  }
  for (const path of [
    "/opt/stock-analysis/venvs/frontend",
    "/run/credentials/stock-analysis-frontend.service/postgres_password",
    "/etc/stock-analysis/common.env",
    "/etc/stock-analysis/frontend.env",
  ]) {
    t.notOk(hidden.includes(path), path);
  }
  t.ok(noExec.includes("/tmp"));
  t.strictSame(addresses, [["10.1.1.50", 8000]]);
  const agent = sandboxOf("stack-agent.service");
  const own = circumstances(agent, "stack-agent", model, machine).secrets;
  t.notOk(own.includes("/var/lib/stack-agent/secrets/health.token"), "the agent reads its own secrets");
  t.ok(own.includes("/var/lib/stack-agent/secrets/postgres.superuser"), "and not root's");
});
