import t from "tap";
import { budget } from "../../stack/budget.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import type { Model } from "../../stack/model.ts";
import { resolve } from "../../stack/resolve.ts";
import { faultsOf } from "./faults-of.ts";

const rest = "services:\n  a: { port: 8001 }\n  b: { port: 8002, needs: [redis] }\n";
const text = (sections: string) => `name: shop\nversion: 1.0.0\n${sections}${rest}`;
const modelOf = (sections: string): Model => resolve(parseDefinition(text(sections), "stack.yaml"));

const own = modelOf("postgres: {}\nredis: {}\nrabbitmq: {}\n");
const postgres = modelOf(
  "postgres: { external: { addresses: [db1.lan, 'db2.lan:6432', '[fd00::5]'], admin: shop_admin } }\nredis: {}\nrabbitmq: {}\n",
);

t.test("of a component on somebody else's servers nothing is installed", async (t) => {
  t.notMatch(postgres.packages.join(" "), /postgresql/);
  t.match(own.packages.join(" "), /postgresql-15/);
  for (const part of ["units", "processes", "data", "memory"] as const) {
    t.same(
      postgres[part].filter(({ component }) => component === "postgres"),
      [],
      part,
    );
    t.not(own[part].filter(({ component }) => component === "postgres").length, 0, part);
  }
  t.same(
    postgres.files.filter(({ component }) => component === "postgres").map(({ path }) => path.replace(/\/\d.*/, "")),
    [postgres.files.find(({ path }) => path.endsWith("/migrations"))?.path].concat(
      Array(postgres.postgres?.migrations.length).fill("/usr/share/stack-agent/migrations"),
    ),
    "but for the migrations",
  );
  t.notMatch(JSON.stringify(postgres.packagedAccounts), /PostgreSQL/);
  t.notMatch(JSON.stringify(postgres.ports), /PostgreSQL/);
  t.notMatch(JSON.stringify(postgres.secrets), /postgres\./);
  t.match(postgres.components[0], { name: "postgres", external: true });
  t.same(
    postgres.checks.filter(({ component }) => component === "postgres"),
    own.checks.filter(({ component }) => component === "postgres"),
    "it is checked all the same",
  );
});

t.test("its part of the memory goes to the others", async (t) => {
  const before = budget(own, 4096);
  const after = budget(postgres, 4096);
  t.equal(after.miB.postgres, undefined);
  t.ok((after.miB.redis ?? 0) > (before.miB.redis ?? 0), `${before.miB.redis} and ${after.miB.redis} MiB`);
});

t.test("services are told all servers, as libpq takes them, and wait for no unit", async (t) => {
  const [a, b] = postgres.services;
  const variables = Object.fromEntries((a?.environment ?? []).map(({ name, value }) => [name, value]));
  t.match(variables, {
    POSTGRES_HOST: "db1.lan,db2.lan,fd00::5",
    POSTGRES_PORT: "5432,6432,5432",
    PGTARGETSESSIONATTRS: "read-write",
    PGSSLMODE: "verify-full",
    PGSSLROOTCERT: "/etc/ssl/certs/ca-certificates.crt",
  });
  t.notMatch(a?.after.join(" "), /postgresql/);
  t.match(a?.dependencies[0], { name: "postgres", addresses: ["db1.lan:5432", "db2.lan:6432", "[fd00::5]:5432"] });
  t.match(a?.credentials, [{ name: "postgres_password", secret: "postgres_password" }]);
  t.notMatch(JSON.stringify(b), /postgres/i);
  const plain = modelOf("postgres: { external: { addresses: [db], tls: false, admin: x } }\nredis: {}\n");
  t.notMatch(JSON.stringify(plain.services[0]?.environment), /SSL/, "no TLS only where that is asked for");
});

t.test("its passwords are asked for, and those who log in with one are restarted for another", async (t) => {
  t.match(postgres.givenSecrets, [
    { name: "postgres_admin_password", services: [] },
    { name: "postgres_password", services: [{ name: "a" }], restart: true },
    { name: "postgres_agent_password", services: [], reader: "agent" },
  ]);
});

t.test("what can't go with it is refused, with its place", async (t) => {
  const external = "external: { addresses: [db], admin: x }";
  const faults = (sections: string, more = "") => faultsOf(`${text(sections)}${more}`);
  t.match(faults(`redis: {}\npostgres: { port: 5433, ${external} }\n`), [
    /postgres\.port: is of a server of the stack's own/,
  ]);
  t.match(faults(`redis: {}\npostgres: { sharedBuffers: 0.3, ${external} }\n`), [/sharedBuffers: is of a server/]);
  t.match(faults(`redis: {}\npostgres: { ${external} }\nbackup: { target: { directory: /mnt/b } }\n`), [
    /backup: postgres is external/,
  ]);
  t.match(faults(`redis: {}\npostgres: { ${external} }\ncontainer: { volumes: { postgres: 20 GiB } }\n`), [
    /volumes\.postgres: postgres is external/,
  ]);
  t.match(faults(`redis: {}\npostgres: { ${external} }\nsecrets: { postgres_admin_password: { for: [a] } }\n`), [
    /postgres_admin_password: is a secret that the stack asks for itself/,
  ]);
  t.match(faults(`redis: {}\npostgres: { user: shop_agent, ${external} }\n`), [/shop_agent/]);
  t.match(faults("redis: {}\npostgres: { external: { addresses: [db:0], admin: x } }\n"), [/HOST or HOST:PORT/]);
  t.match(faults("redis: {}\npostgres: { external: { addresses: [], admin: x } }\n"), [/names no server/]);
});

t.test("RabbitMQ of somebody else's: any of its brokers, by AMQPS, and no unit, port or memory here", async (t) => {
  const model = modelOf(
    "redis: {}\nrabbitmq: { external: { addresses: [mq1.lan, 'mq2.lan:5600'], management: mq1.lan, admin: ops, ca: /etc/ssl/lan.pem } }\n",
  );
  t.notMatch(model.packages.join(" "), /rabbitmq|erlang/);
  for (const part of ["units", "processes", "data", "memory", "files", "packageSources", "versions"] as const) {
    t.same(
      model[part].filter(({ component }) => component === "rabbitmq"),
      [],
      part,
    );
  }
  const [a] = model.services;
  t.match(Object.fromEntries((a?.environment ?? []).map(({ name, value }) => [name, value])), {
    RABBITMQ_HOST: "mq1.lan,mq2.lan",
    RABBITMQ_PORT: "5671,5600",
    RABBITMQ_CA: "/etc/ssl/lan.pem",
    RABBITMQ_QUEUE: "shop-a",
  });
  t.match(model.rabbitmq, { external: { management: { host: "mq1.lan", port: 15671 } }, agentUser: "shop-agent" });
  t.match(model.givenSecrets, [
    { name: "rabbitmq_admin_password" },
    { name: "rabbitmq_password", services: [{ name: "a" }] },
    { name: "rabbitmq_agent_password", reader: "agent" },
  ]);
  const bare = modelOf("redis: {}\nrabbitmq: { external: { addresses: [mq], tls: false, admin: ops } }\n");
  t.match(bare.rabbitmq?.external, { addresses: [{ host: "mq", port: 5672 }], management: undefined });
  t.notMatch(JSON.stringify(bare.givenSecrets), /admin/, "without the management nobody logs in there");
});

t.test("Redis of somebody else's: a cluster, Sentinels, or a server; none of its jobs is done here", async (t) => {
  const of = (external: string) => modelOf(`redis: { external: { ${external} } }\n`);
  const model = of("addresses: [r1.lan, r2.lan]");
  t.notMatch(model.packages.join(" "), /redis/);
  for (const part of ["units", "processes", "data", "memory", "files"] as const) {
    t.same(
      model[part].filter(({ component }) => component === "redis"),
      [],
      part,
    );
  }
  const variables = ({ services: [a] }: Model) =>
    Object.fromEntries((a?.environment ?? []).map(({ name, value }) => [name, value]));
  t.match(variables(model), { REDIS_NODES: "r1.lan:6379,r2.lan:6379", REDIS_MODE: "cluster", REDIS_USER: "default" });
  t.match(variables(of("mode: sentinel, master: m, addresses: [s1]")), {
    REDIS_NODES: "s1:26379",
    REDIS_MODE: "sentinel",
    REDIS_MASTER: "m",
    REDIS_CA: "/etc/ssl/certs/ca-certificates.crt",
  });
  t.match(model.givenSecrets, [{ name: "redis_password", reader: "agent", services: [{ name: "a" }, { name: "b" }] }]);
  const faults = faultsOf(text("redis: { maxmemory: 1 GiB, external: { addresses: [r1] } }\n"));
  t.match(faults, [/redis\.maxmemory: is of a server of the stack's own/]);
});
