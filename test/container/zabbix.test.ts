/** The template for Zabbix, in Debian's own servers: 6.0 of Debian 12, 7.0 of Debian 13. What is stopped becomes a problem, and goes away. */
import t from "tap";
import { zabbixTemplate } from "../../builder/monitoring/zabbix/zabbix-template.ts";
import { waitFor } from "../../lib/wait.ts";
import { suites } from "../../stack/debian.ts";
import { stackModel } from "../stack/stack-model.ts";
import { debian } from "./debian.ts";
import { required } from "./required.ts";
import { becomesHealthy, stackMachine } from "./stack-machine.ts";
import { type Problem, watchHost } from "./zabbix/watched-host.ts";
import { startZabbix } from "./zabbix/zabbix-server.ts";

t.setTimeout(40 * 60_000);

/** Items that have no value in this container, and why. */
const untold: readonly { readonly item: RegExp; readonly why: string }[] = [
  { item: /^stack\.metrics$/, why: "what all others are cut out of is not kept" },
  { item: /^stack_postgres_projection_lag_events$/, why: "there is no projection" },
  { item: /^stack_security_updates_pending$/, why: "no archive can be asked here" },
  { item: /^stack_job_last_run_/, why: "a job that has not run yet has not ended" },
];

const major = { bookworm: /^6\.0\./, trixie: /^7\.0\./ } as const;

const machine = await stackMachine(t);
if (machine !== undefined) {
  await t.test("the stack boots", async (t) => {
    await becomesHealthy(t, machine, await machine.start(), "first boot");
  });

  const node = required.redis.units[1];
  const stack = stackModel(debian.suite);
  for (const suite of suites) {
    await t.test(`the Zabbix of ${suite} takes the template, and watches the stack by it`, async (t) => {
      const zabbix = await startZabbix(t, machine.peer, machine.network.namespace, suite);
      t.match(zabbix.version, major[suite]);
      const host = await watchHost(zabbix, {
        source: zabbixTemplate(stack),
        template: "stack-stock-analysis",
        address: await machine.address(),
      });
      const named = (problems: readonly Problem[], name: string) => problems.find((one) => one.name === name);
      const becomes = async (name: string) =>
        waitFor(async () => named(await host.problems(), name), {
          what: `"${name}" to be a problem`,
          timeout: 180_000,
          interval: 1_000,
        });
      const goes = async (name: string) =>
        waitFor(async () => named(await host.problems(), name) === undefined, {
          what: `"${name}" to be none any more`,
          timeout: 180_000,
          interval: 1_000,
        });

      await t.test("each item has a value, and what there are several of is discovered", async (t) => {
        let without: readonly string[] = [];
        const complete = async (): Promise<boolean> => {
          const values = Object.entries(await host.values());
          without = values.flatMap(([key, value]) =>
            value === "" && !untold.some(({ item }) => item.test(key)) ? key : [],
          );
          return without.length === 0 && values.some(([key]) => key.startsWith("stack_pressure_"));
        };
        await waitFor(complete, { what: "all items", timeout: 240_000, interval: 2_000 }).catch(() => {});
        t.strictSame(without, []);
        const values = await host.values();
        for (const [of, names] of Object.entries({
          stack_redis_node_up: required.redis.ports,
          stack_service_restarts_total: Object.keys(required.services),
          stack_component_status: ["postgres", "redis", "rabbitmq", "disk"],
          stack_rabbitmq_queue_messages_ready: ["stock-analysis-frontend", "stock-analysis-dead-letters"],
          stack_job_failures_total: ["drift"],
        })) {
          for (const name of names) t.ok(`${of}["${name}"]` in values, `${of} of ${name}`);
        }
        t.equal(values['stack_redis_node_up["6380"]'], "1");
        t.strictSame(await host.faults(), [], "Zabbix finds nothing that is not supported");
        t.strictSame(await host.problems(), []);
      });

      await t.test("a stopped Redis node is a problem that names the command, and goes away", async (t) => {
        await machine.sh(`systemctl stop ${node}`);
        const problem = await becomes("the Redis node on port 6380 does not answer");
        t.equal(problem.severity, "4", "high");
        t.equal(await host.description(problem), "In the container: stack-agent health redis");
        await becomes("redis fails");
        await machine.sh(`systemctl start ${node}`);
        await goes("the Redis node on port 6380 does not answer");
        await goes("redis fails");
        t.pass("both are over");
      });

      await t.test("an agent that says nothing is a problem, and goes away", async (t) => {
        await machine.sh(`systemctl stop ${required.agent.unit}`);
        const problem = await becomes("the agent does not answer");
        t.equal(await host.description(problem), "In the container: systemctl status stack-agent");
        await machine.sh(`systemctl start ${required.agent.unit}`);
        await goes("the agent does not answer");
        t.pass("it is over");
      });
    });
  }
}
