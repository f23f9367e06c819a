import t from "tap";
import type { ClusteredPostgresFacts } from "../../../../../components/postgres/agent/members/facts.ts";
import {
  planClusteredPostgres,
  preflightClusteredPostgres,
} from "../../../../../components/postgres/agent/members/plan-clustered-postgres.ts";
import { parseDefinition } from "../../../../../stack/definition/parse.ts";
import { resolve } from "../../../../../stack/resolve.ts";

const model = resolve(
  parseDefinition(
    `name: shop
version: 1.0.0
container: {network: {address: 10.1.1.121/24, gateway: 10.1.1.1}}
cluster: {nodes: {a: 10.1.1.121, b: 10.1.1.122, c: 10.1.1.123}}
services: {web: {port: 8001}}
postgres: {}
`,
    "stack.yaml",
  ),
);
const { postgres } = model;
if (postgres?.patroni === undefined) throw new TypeError("PostgreSQL is one of three");
const { dynamic } = postgres.patroni;

const leader = { name: "a", role: "leader", state: "running" } as const;
const standby = { name: "b", role: "sync_standby", state: "streaming" } as const;
const empty = { roles: [], database: undefined, applied: [], privileges: [] } as const;

const facts = (other: Partial<ClusteredPostgresFacts> = {}): ClusteredPostgresFacts => ({
  component: { files: [], specs: [], units: new Map() },
  running: true,
  here: "a",
  etcd: ["a", "b", "c"],
  view: { servers: [leader, standby], dynamic },
  server: empty,
  ...other,
});
const problems = (other: Partial<ClusteredPostgresFacts>) => preflightClusteredPostgres(facts(other), model, postgres);
const plan = (other: Partial<ClusteredPostgresFacts> = {}) => planClusteredPostgres(facts(other), model, postgres);

t.test("a machine alone waits for the others by name; two of three wait for nobody", async (t) => {
  const none = { view: undefined, server: "down" } as const;
  t.match(problems({ ...none, etcd: ["a"] }), [{ code: "waits-for-members", waits: true, message: /waits for b, c:/ }]);
  t.match(
    problems({ ...none, etcd: [] }),
    [{ code: "waits-for-members", message: /waits for b, c:/ }],
    "nor does its own",
  );
  t.same(problems({ ...none, etcd: ["a", "c"] }), []);
  t.same(problems({ ...none, etcd: [], running: false }), [], "its own are started first");
  t.same(problems({ ...none, etcd: ["b"] }), [], "its own doesn't answer: it is at fault itself");
  t.match(problems({ server: "refused" }), [{ code: "superuser-refused" }]);
});

t.test("roles, database and migrations are made once, where one leads and a second one follows", async (t) => {
  const { actions, unseen } = plan();
  t.same(
    actions.map((action) => action.do),
    ["sql", "sql", "sql", "migrate"],
  );
  t.match(actions, [{ args: { external: { user: "postgres", superuser: true, secret: "postgres.superuser" } } }]);
  t.match(actions[0]?.args, { text: /ROLE stack_agent .* CONNECTION LIMIT 12;/ }, "agents of three machines");
  t.same(unseen, []);
  const alone = plan({ view: { servers: [leader], dynamic } });
  t.same(alone.actions, []);
  t.match(alone.unseen, [/no standby follows yet/]);
  t.match(plan({ view: undefined, server: "down" }).unseen, [/no server leads yet/]);
});

t.test("what all servers have in common is changed over Patroni", async (t) => {
  const { actions } = plan({ view: { servers: [leader, standby], dynamic: { ...dynamic, ttl: 30 } } });
  t.match(actions[0], { do: "patroniSettings", why: "differ: ttl", args: { settings: { ttl: 9 } } });
});
