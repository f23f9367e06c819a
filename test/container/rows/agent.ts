import type { Test } from "tap";
import { waitFor } from "../../../lib/wait.ts";
import { analysisDocument } from "../../../stack/documents/analysis.ts";
import { statusDocument } from "../../../stack/documents/status.ts";
import { stackModel } from "../../stack/stack-model.ts";
import type { Machine } from "../create-machine.ts";
import { health } from "../health.ts";
import { secret } from "../logins.ts";
import { required, serviceNames } from "../required.ts";
import { mainPid } from "../units.ts";

const stages = ["system", "python", "postgres", "redis", "rabbitmq", "services"];
const { port } = required.agent;

/** R11 and R18 as they stand on a stack that has come up: stages, health, status; and the agent's figures. */
export function agentRows(t: Test, machine: Machine): void {
  t.test("R11 the first boot ran the stages in their order with nobody logged in", async (t) => {
    const status = statusDocument.parse(JSON.parse(await machine.sh("stack-agent status --format json")));
    t.equal(status.status, "healthy");
    t.strictSame(
      status.stages.map(({ id }) => id),
      stages,
    );
    t.strictSame(
      status.stages.filter((stage) => stage.status !== "done"),
      [],
      "all are done",
    );
    t.ok(status.stages.find(({ id }) => id === "postgres")?.actions, "and had something to do");
    const done = (
      await machine.sh("journalctl --no-pager -b -u stack-provision -o json --output-fields=STACK_STAGE,MESSAGE")
    )
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly STACK_STAGE?: string; readonly MESSAGE: string })
      .filter(({ MESSAGE }) => /: done in /.test(MESSAGE))
      .map(({ STACK_STAGE }) => STACK_STAGE);
    t.strictSame([...done].sort(), [...stages].sort(), "each said so in the journal, by name");
    t.equal(done[0], "system");
    t.equal(done.at(-1), "services", "which need the others, last");
    t.equal(
      await machine.sh("journalctl --no-pager -b -o cat -t login -t systemd-logind | grep -c 'New session' || true"),
      "0",
    );
  });

  t.test("R11 where the first boot's time went can be asked without privilege", async (t) => {
    const asked = await machine.sh("runuser -u nobody -- stack-agent analyze --first-boot --json");
    const analysis = analysisDocument.parse(JSON.parse(asked));
    t.equal(analysis.run, "first");
    t.strictSame(analysis.stages.map(({ id }) => id).sort(), [...stages].sort());
    const chain = analysis.spans.filter((span) => span.critical);
    t.match(chain.at(0), { kind: "look", round: 1 }, "the chain begins with a first look: the one that took longest");
    t.match(
      chain.find(({ kind }) => kind === "action"),
      { stage: "system" },
      "its first action is of the stage that all others need",
    );
    t.ok(
      analysis.spans.find(({ do: name, what }) => name === "startUnits" && what?.includes(required.rabbitmq.unit)),
      "and every action is told of",
    );
    const last = await machine.sh("runuser -u nobody -- stack-agent analyze");
    t.match(last, /^what the end waited for/m);
  });

  t.test("R18 the agent and each service tell the health of what they stand on", async (t) => {
    const { status, document } = await health(machine, port);
    t.equal(status, 200);
    const names = document.components.map(({ name }) => name);
    for (const name of ["postgres", "redis", "rabbitmq", ...serviceNames, "disk", "memory"])
      t.ok(names.includes(name), name);
    t.strictSame(
      document.components.filter((one) => one.status !== "pass"),
      [],
    );
    for (const name of ["postgres", "redis", "rabbitmq", ...serviceNames]) {
      const alone = await health(machine, port, `/health/${name}`);
      t.strictSame([alone.status, alone.document.components.map((one) => one.name)], [200, [name]]);
    }
    for (const path of ["/livez", "/readyz"]) t.equal((await health(machine, port, path)).status, 200, path);
    for (const name of serviceNames) {
      const own = (await health(machine, required.services[name].port)).document.components.map((one) => one.name);
      t.strictSame(
        own.sort(),
        ["postgres", "rabbitmq", "redis", "service"],
        `${name}: dependencies and its own function`,
      );
    }
    const scrape = () => machine.inside().http({ url: `http://127.0.0.1:${port}/metrics` });
    // A broker counts itself some seconds after its start; it is asked every 30.
    const counted = async () => /^stack_rabbitmq_memory_used_bytes /m.test((await scrape()).body);
    await waitFor(counted, { what: "RabbitMQ's figures", timeout: 120_000, interval: 1_000 });
    const metrics = await scrape();
    t.equal(metrics.status, 200);
    t.match(metrics.body, /^# TYPE stack_redis_memory_used_ratio gauge$/m);
    t.match(metrics.body, /^stack_redis_memory_used_ratio 0\.\d+$/m);
    t.match(metrics.body, /^stack_memory_available_ratio 0\.\d+$/m);
    t.match(metrics.body, /^stack_postgres_oldest_snapshot_transactions \d+$/m);
    t.match(metrics.body, /^stack_service_release_info\{service="frontend",release="[\w-]+"\} 1$/m);
    t.match(metrics.body, /^stack_rabbitmq_queue_consumers\{queue="stock-analysis-event-bus"\} \d+$/m);
    // The default stack has no projection of its own; whether there is PSI the kernel decides.
    const told = stackModel().checks.flatMap(({ metrics = [] }) => metrics.map(({ name }) => name));
    const missing = told.filter((name) => !metrics.body.includes(`# TYPE ${name} `));
    t.strictSame(
      missing.filter((name) => !/^stack_(postgres_projection_lag_events|pressure_)/.test(name)),
      [],
      "every metric that the checks of this stack declare",
    );
    t.match(await machine.inside().http({ url: `http://127.0.0.1:${port}/` }), {
      status: 200,
      headers: { "content-type": /^text\/html/ },
    });
  });

  t.test("R18 messages are for those who show the token", async (t) => {
    const output = ({ document }: Awaited<ReturnType<typeof health>>) =>
      Object.values(document.checks)
        .flat()
        .filter((check) => check.output !== undefined).length;
    t.equal(output(await health(machine, port)), 0, "a stranger gets none");
    const authorization = `Bearer ${await secret(machine, "health.token")}`;
    t.ok(output(await health(machine, port, "/health", { authorization })) > 0, "who shows it gets them");
    const refused = await machine
      .inside()
      .http({ url: `http://127.0.0.1:${port}/health`, headers: { authorization: "Bearer wrong" } });
    t.equal(refused.status, 401);
  });

  t.test("status is quick and the agent small: figures, not asserted", async (t) => {
    const pid = await mainPid(machine, required.agent.unit);
    const loop =
      "for n in 1 2 3 4 5 6 7 8 9; do s=$(date +%s%N); stack-agent status >/dev/null; e=$(date +%s%N); echo $(((e-s)/1000)); done";
    const runs = (await machine.sh(loop))
      .split("\n")
      .map(Number)
      .sort((a, b) => a - b);
    const node = (
      await machine.sh(loop.replace("stack-agent status", "/opt/stack-agent/current/bin/node -e 0 2>/dev/null"))
    )
      .split("\n")
      .map(Number)
      .sort((a, b) => a - b);
    const memory = await machine.sh(
      `grep -E '^(VmRSS|VmHWM|RssAnon)' /proc/${pid}/status | tr -s '\\t ' ' ' | tr '\\n' ' '`,
    );
    t.comment(
      `stack-agent status: median ${(runs[4] ?? 0) / 1000} ms of ${runs.map((run) => run / 1000).join(" ")}; node -e 0: ${(node[4] ?? 0) / 1000} ms`,
    );
    t.comment(`agent idle: ${memory}`);
    t.equal((await machine.exec("stack-agent", ["status"])).code, 0);
  });
}
