/**
 * The default stack as a user gets it: no login, no nesting, DHCP, 8 GiB. One container for
 * all that leaves no trace; the reboots come last.
 */
import { randomUUID } from "node:crypto";
import t from "tap";
import { stackModel } from "../stack/stack-model.ts";
import { debian } from "./debian.ts";
import { postgresLogin } from "./logins.ts";
import { agentRows } from "./rows/agent.ts";
import { dashboardRows, type Watcher, watchFromOutside } from "./rows/dashboards.ts";
import { eventStoreRows, isInTheView } from "./rows/event-store.ts";
import { machineRows } from "./rows/machine.ts";
import { networkRows } from "./rows/network.ts";
import { event, postgresRows } from "./rows/postgres.ts";
import { privilegeRows } from "./rows/privileges.ts";
import { pythonRows } from "./rows/python.ts";
import { rabbitmqRows } from "./rows/rabbitmq.ts";
import { rebootRows } from "./rows/reboot.ts";
import { redisRows } from "./rows/redis.ts";
import { relocatedRows } from "./rows/relocated.ts";
import { sandboxRows } from "./rows/sandbox.ts";
import { serviceRows } from "./rows/services.ts";
import { slimRows } from "./rows/slim.ts";
import { becomesHealthy, stackMachine } from "./stack-machine.ts";

t.setTimeout(20 * 60_000);

const machine = await stackMachine(t, { extracted: "anew" });
if (machine !== undefined) {
  const marker = `marker-${randomUUID()}`;

  t.test("R11 the first boot ends healthy, with nobody logged in", async (t) => {
    await becomesHealthy(t, machine, await machine.start(), "first boot");
    const append = "SELECT event_store.append($1, 'one', -1, $2)";
    await machine.inside().pg({ ...(await postgresLogin(machine)), text: append, values: [marker, event("marker")] });
  });

  let watcher: Watcher | undefined;
  t.test("a Prometheus beside it is told what docs/monitoring.md says", async () => {
    // It watches while the rows that follow put load on the stack.
    watcher = await watchFromOutside(t, machine);
  });

  agentRows(t, machine);
  machineRows(t, machine);
  pythonRows(t, machine);
  postgresRows(t, machine);
  eventStoreRows(t, machine);
  redisRows(t, machine);
  rabbitmqRows(t, machine);
  relocatedRows(t, machine);
  networkRows(t, machine);
  privilegeRows(t, machine);
  sandboxRows(t, machine);
  serviceRows(t, machine);
  slimRows(t, machine);

  dashboardRows(t, stackModel(debian.suite), {
    machine,
    watcher: () => watcher,
    without: { stack_security_updates_pending: "no archive can be asked here" },
  });

  t.test("R13 the agent refreshes the view on its schedule", async () => {
    // Every minute; the event was appended when the tests began.
    await isInTheView(machine, marker, 90_000);
  });

  rebootRows(t, machine);
}
