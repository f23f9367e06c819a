/** A reset inside a container of the template: what is baked stays, and the next boot is as the first. */
import { randomUUID } from "node:crypto";
import t from "tap";
import { resetDocument } from "../../stack/documents/reset.ts";
import { postgresLogin, secret } from "./logins.ts";
import { event } from "./rows/postgres.ts";
import { becomesHealthy, stackMachine } from "./stack-machine.ts";

t.setTimeout(20 * 60_000);

const machine = await stackMachine(t);
if (machine !== undefined) {
  const marker = `marker-${randomUUID()}`;
  const reset = async (...args: readonly string[]) => {
    const { stdout } = await machine.exec("stack-agent", ["reset", "--json", ...args], { timeout: 300_000 });
    return resetDocument.parse(JSON.parse(stdout));
  };
  const events = async (): Promise<number> => {
    const text = "SELECT 1 FROM event_store.events WHERE aggregate_type = $1";
    return (await machine.inside().pg({ ...(await postgresLogin(machine)), text, values: [marker] })).rows.length;
  };

  t.test("without the data: the next boot has it", async (t) => {
    await becomesHealthy(t, machine, await machine.start(), "first boot");
    const text = "SELECT event_store.append($1, 'one', -1, $2)";
    await machine.inside().pg({ ...(await postgresLogin(machine)), text, values: [marker, event("marker")] });
    const planned = await reset("--plan");
    t.strictSame(await reset("--yes"), planned);
    const kinds = new Set(planned.actions.map((action) => action.do));
    for (const kind of ["removePackages", "removeUsers", "disableUnits"]) t.notOk(kinds.has(kind), `no ${kind}`);
    t.strictSame((await reset("--plan")).actions, []);
    t.equal(await machine.sh("ss -ltnH | grep -cE ':(5432|6379|5672|8000|8001) ' || true"), "0");
    await becomesHealthy(t, machine, await machine.reboot({ kill: true }), "the boot after a reset");
    t.equal(await events(), 1);
  });

  t.test("with the data: the next boot makes new secrets and empty databases", async (t) => {
    const before = await secret(machine, "postgres.app");
    await reset("--with-data", "--yes");
    t.strictSame(await reset("--with-data", "--plan"), { actions: [], kept: [] });
    await becomesHealthy(t, machine, await machine.reboot({ kill: true }), "the boot after a reset with data");
    t.not(await secret(machine, "postgres.app"), before);
    t.equal(await events(), 0);
  });
}
