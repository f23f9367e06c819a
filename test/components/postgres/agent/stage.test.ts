import t from "tap";
import type { PostgresFacts, ServerFacts } from "../../../../components/postgres/agent/facts.ts";
import { planPostgres } from "../../../../components/postgres/agent/plan.ts";
import { lostPrivileges } from "../../../../components/postgres/agent/privileges.ts";
import type { FileFacts, UnitFacts } from "../../../../engine/facts/fact-reader.ts";
import { asSealed } from "../../../../engine/secrets/sealed.ts";
import { activeUnit } from "../../../engine/facts/active-unit.ts";
import { stackModel } from "../../../stack/stack-model.ts";

const model = stackModel();
const { postgres } = model;
if (postgres === undefined) throw new TypeError("the default stack has PostgreSQL");

const unit = (state: Partial<UnitFacts>): UnitFacts => activeUnit(postgres.unit, state);

const memory = model.files.find((file) => file.path.endsWith("/conf.d/memory.conf") && file.component === "postgres");
if (memory === undefined) throw new TypeError("memory.conf is in the table of files");
const missingMemory: FileFacts = { entry: memory, text: asSealed("shared_buffers = 1GB\n"), differs: ["missing"] };

function component(state: Partial<UnitFacts>, files: readonly FileFacts[] = []): PostgresFacts["component"] {
  const specs = model.units.filter((spec) => spec.unit === postgres?.unit);
  return { files, specs, units: new Map([[postgres?.unit ?? "", unit(state)]]) };
}

const role = (name: string, more: Partial<ServerFacts["roles"][number]> = {}) => ({
  name,
  login: true,
  powerful: false,
  connectionLimit: -1,
  passwordMatches: true,
  memberOf: [],
  settings: [],
  ...more,
});

/** Every privilege that the statements for a server without any would grant. */
const granted = lostPrivileges([], postgres).flatMap((statement) => {
  const [, privilege, kind, names = "", grantee] = /^GRANT (\w+) ON (\w+) (.+) TO (\w+);$/.exec(statement) ?? [];
  return names.split(", ").map((name) => `${grantee} ${privilege} ${kind} ${name}`);
});

/** A server that is as it should be, with some of it otherwise. */
const server = (other: Partial<ServerFacts> = {}): ServerFacts => ({
  roles: [
    role("event_store_owner", { login: false, passwordMatches: false }),
    role("stock_analysis_user", { connectionLimit: 100, settings: ["search_path=mine", "log_min_messages=fatal"] }),
    role("stack_agent", { connectionLimit: 4 }),
  ],
  database: {
    owner: "stock_analysis_user",
    encoding: "UTF8",
    collate: "en_US.UTF-8",
    ctype: "en_US.UTF-8",
    grants: ["stock_analysis_user=CONNECT", "stack_agent=CONNECT", "event_store_owner=TEMPORARY"],
  },
  applied: postgres.migrations.map(({ version, name }) => ({ version, name, checksum: "" })),
  privileges: granted,
  ...other,
});

const plan = (facts: Partial<PostgresFacts>) =>
  planPostgres({ component: component({}), cluster: true, server: server(), ...facts }, model, postgres);

t.test("a server that is as it should be needs nothing", (t) => {
  t.same(plan({}), { actions: [], unseen: [] });
  t.end();
});

t.test("on a first boot: configuration, cluster, start, in this order; the rest can't be seen yet", (t) => {
  const facts = {
    component: component({ active: "inactive" }, [missingMemory]),
    cluster: false,
    server: "down",
  } as const;
  const { actions, unseen } = plan(facts);
  t.same(
    actions.map((action) => action.do),
    ["writeFile", "initdb", "startUnits"],
  );
  t.equal(unseen.length, 1);
  t.end();
});

t.test("a refused superuser gets its password first, and nothing is guessed", (t) => {
  t.match(plan({ server: "refused" }), { actions: [{ do: "superuserPassword" }], unseen: [/no login/] });
  t.end();
});

t.test("an empty server gets roles, database, privileges and migrations in one round", (t) => {
  const { actions } = plan({
    server: server({ roles: [], database: undefined, applied: [] }),
  });
  t.same(
    actions.map((action) => action.do),
    ["sql", "sql", "sql", "migrate"],
  );
  t.match(actions[0], {
    args: { text: /CREATE ROLE stock_analysis_user LOGIN PASSWORD '«secret:postgres.app\|scram»'/ },
  });
  t.match(actions[0], { args: { text: /CREATE ROLE event_store_owner NOLOGIN/ } });
  t.end();
});

t.test("a role that is made anew gets the privileges that the migrations once gave it", (t) => {
  const roles = server().roles.filter(({ name }) => name !== "stack_agent");
  const privileges = granted.filter((line) => !line.startsWith("stack_agent "));
  const { actions } = plan({ server: server({ roles, privileges }) });
  t.match(actions, [
    { why: /role stack_agent is not there/, diff: [/^\+ role stack_agent LOGIN CONNECTION LIMIT 4 PASSWORD «secret:/] },
    {
      args: {
        database: "stock_analysis_event_store",
        text: /GRANT EXECUTE ON FUNCTION event_store.refresh_statistics, stack_agent.figures, stack_agent.xmin_age TO stack_agent;/,
      },
    },
  ]);
  t.equal(actions.length, 2);
  const pending = plan({ server: server({ privileges: [], applied: [] }) });
  t.same(
    pending.actions.map((action) => action.do),
    ["migrate"],
    "what is not applied yet grants its own",
  );
  t.end();
});

t.test("a role's drift is shown as it is and as it will be, its password by name", (t) => {
  const other = { connectionLimit: 7, powerful: true, passwordMatches: false, memberOf: ["pg_monitor"] };
  const roles = server().roles.map((one) => (one.name === "stack_agent" ? { ...one, ...other } : one));
  const [action] = plan({ server: server({ roles }) }).actions;
  t.same(action?.diff, [
    "- role stack_agent LOGIN CONNECTION LIMIT 7 with further powers member of pg_monitor PASSWORD another",
    "+ role stack_agent LOGIN CONNECTION LIMIT 4 PASSWORD «secret:postgres.agent|scram»",
  ]);
  t.end();
});

t.test("each drift of a role is named and put right by ALTER", (t) => {
  const table: [Partial<ServerFacts["roles"][number]>, RegExp][] = [
    [{ powerful: true }, /may do more/],
    [{ login: false }, /may not log in/],
    [{ connectionLimit: -1 }, /connection limit/],
    [{ passwordMatches: false }, /another password/],
    [{ memberOf: ["event_store_owner"] }, /member of event_store_owner/],
    [{ settings: ["log_min_messages=debug5"] }, /lacks its setting log_min_messages=fatal/],
  ];
  for (const [other, why] of table) {
    const roles = server().roles.map((one) => (one.name === "stock_analysis_user" ? { ...one, ...other } : one));
    const { actions } = plan({ server: server({ roles }) });
    t.match(actions, [{ do: "sql", why, args: { text: /ALTER ROLE stock_analysis_user/ } }]);
    t.equal(actions.length, 1);
  }
  t.end();
});

t.test("only what is not applied makes a migration", (t) => {
  const applied = server().applied.slice(0, -1);
  t.match(plan({ server: server({ applied }) }).actions, [{ do: "migrate", why: /^not applied: 0011-figures$/ }]);
  t.end();
});
