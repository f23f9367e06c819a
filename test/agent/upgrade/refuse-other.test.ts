import t from "tap";
import { leftBehind, refuseMoves, refuseNoWayBack, refuseOther } from "../../../agent/upgrade/refuse-other.ts";
import { stackTraits } from "../../../agent/upgrade/stack-traits.ts";
import type { StackReleaseDocument } from "../../../stack/documents/stack-release.ts";
import { stackModel } from "../../stack/stack-model.ts";

const record: StackReleaseDocument = {
  schemaVersion: 1,
  ...{ id: "1.1.0-aa", name: "shop", version: "1.1.0", debian: "12", architecture: "amd64" },
  servers: {
    PostgreSQL: { package: "postgresql-15", version: "15.14-0+deb12u1" },
    RabbitMQ: { package: "rabbitmq-server", version: "4.0.5-6+deb13u1~rel1" },
  },
  ...{ migrations: [], services: {}, own: [] },
};
const machine = {
  ...{ debian: "12", architecture: "amd64" },
  packages: new Map([
    ["postgresql-15", "15.10-0+deb12u1"],
    ["rabbitmq-server", "4.0.5-6+deb13u1~rel1"],
  ]),
};

t.test("another stack, Debian, processor or major of a server is refused, with the way that is open", async (t) => {
  const packages = (name: string, version?: string) => {
    const changed = new Map(machine.packages);
    if (version === undefined) changed.delete(name);
    else changed.set(name, version);
    return { ...machine, packages: changed };
  };
  const refused = (here: typeof machine, code: string, running = { name: "shop" }) =>
    t.throws(() => refuseOther(record, running, here), {
      code,
      hint: /deploy-template replace TEMPLATE --from VMID/,
    });
  t.doesNotThrow(() => refuseOther(record, { name: "shop" }, machine), "another minor is the same");
  refused(machine, "other-stack", { name: "other" });
  refused({ ...machine, debian: "13" }, "other-machine");
  refused({ ...machine, architecture: "arm64" }, "other-machine");
  refused(packages("postgresql-15"), "other-major");
  refused(packages("rabbitmq-server", "1:3.10.8-1"), "other-major");
  t.throws(() => refuseOther(record, { name: "shop" }, packages("rabbitmq-server", "3.10.8-1")), {
    code: "other-major",
    detail: ["RabbitMQ: the release was built with 4.0.5-6+deb13u1~rel1 (rabbitmq-server), here is 3.10.8-1"],
  });
});

t.test("a definition that would leave data behind is refused, and one whose service has no code", async (t) => {
  const before = stackTraits(stackModel());
  t.doesNotThrow(() => refuseMoves(before, before, []));
  for (const [text, what] of [
    [{ data: { ...before.data, "postgres.database": "other" } }, "postgres.database"],
    [{ data: { ...before.data, "rabbitmq.vhost": "/other" } }, "rabbitmq.vhost"],
    [{ data: { ...before.data, "redis's data": "/var/lib/redis/1" } }, "redis's data"],
    [{ data: { ...before.data, "postgres's servers": "elsewhere" } }, "postgres's servers"],
    [{ name: "other" }, "the stack's name"],
    [{ debian: "13" }, "Debian"],
  ] as const) {
    t.throws(() => refuseMoves(before, { ...before, ...text }, []), { code: "data-moves", detail: [new RegExp(what)] });
  }
  const more = { ...before, services: [...before.services, "prices"] };
  t.throws(() => refuseMoves(before, more, []), { code: "no-code", message: /prices/ });
  t.doesNotThrow(() => refuseMoves(before, more, ["prices"]));
  t.same(leftBehind(more, { ...before, components: ["postgres"] }), ["redis", "rabbitmq", "prices"]);
});

t.test(
  "a migration that doesn't only expand is refused, unless asked for; back over one there is no way",
  async (t) => {
    const older = { id: "0", migrations: [{ name: "0001-a" }] };
    const expanded = { id: "1", migrations: [...older.migrations, { name: "0002-b" }] };
    const contracted = { id: "2", migrations: [...expanded.migrations, { name: "0003-c", noWayBack: "drops a" }] };
    t.same(refuseNoWayBack(expanded, older, false), []);
    t.same(refuseNoWayBack(older, expanded, false), [], "back over one that expands");
    t.throws(() => refuseNoWayBack(contracted, older, false), { code: "no-way-back", detail: ["0003-c: drops a"] });
    t.same(refuseNoWayBack(contracted, older, true), ["0003-c: drops a"]);
    t.same(refuseNoWayBack(contracted, contracted, false), [], "it is applied already");
    t.throws(() => refuseNoWayBack(expanded, contracted, true), { code: "no-way-back", hint: /restore/ });
  },
);
