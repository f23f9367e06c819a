import type { Action } from "../../../engine/action.ts";
import { planBelow, planUnits } from "../../../engine/plan/plan-files.ts";
import { asSealed, secretMark } from "../../../engine/secrets/sealed.ts";
import type { Plan, Problem } from "../../../engine/stage.ts";
import type { PostgresModel } from "../../../stack/components/postgres/model.ts";
import type { Model, SecretName } from "../../../stack/model.ts";
import type { ExternalAdmin } from "./external-admin.ts";
import type { PostgresFacts, RoleFacts, ServerFacts } from "./facts.ts";
import { failingPostgres } from "./failing.ts";
import { migrationProblems } from "./migration-problems.ts";
import { lostPrivileges } from "./privileges.ts";

/** Connections of the agent's role: health check, refresh of views, and one to spare of each. */
export const agentConnections = 4;

/** Files, the cluster, the unit; then what is in the server, as far as it can be seen. */
export function planPostgres(facts: PostgresFacts, model: Model, postgres: PostgresModel): Plan {
  const below = [
    ...planBelow(facts.component),
    ...when(!facts.cluster, {
      do: "initdb",
      why: "there is no cluster yet",
      args: {
        dataDirectory: postgres.dataDirectory,
        binDirectory: postgres.binDirectory,
        locale: model.definition.locale,
      },
    }),
    ...planUnits(facts.component, { wait: true }),
  ];
  if (facts.server === "down") {
    return {
      actions: below,
      unseen: ["roles, database and migrations: PostgreSQL is not running yet"],
      failing: facts.lastWords === undefined ? [] : [failingPostgres(facts.lastWords, postgres)],
    };
  }
  if (facts.server === "refused") {
    const password: Action = {
      do: "superuserPassword",
      why: "the superuser's login is refused",
      args: { port: postgres.port },
    };
    return { actions: [...below, password], unseen: ["roles, database and migrations: no login yet"] };
  }
  return { actions: [...below, ...planServer(facts.server, model, postgres)], unseen: [] };
}

/** Roles, database, privileges and migrations. @param external of a cluster's servers */
export function planServer(
  server: ServerFacts,
  model: Model,
  postgres: PostgresModel,
  external?: ExternalAdmin,
): Action[] {
  const { port, database } = postgres;
  const where = { port, ...(external && { external }) };
  const roles = wantedRoles(postgres)
    .map((role) => ({ role, why: roleFault(role, server) }))
    .filter(({ why }) => why !== undefined);
  const grants = missingGrants(server, postgres);
  const { locale } = model.definition;
  const pending = postgres.migrations.filter(
    ({ version }) => !server.applied.some((applied) => applied.version === version),
  );
  // Until all migrations are applied, it is theirs to grant.
  const lost = pending.length > 0 ? [] : lostPrivileges(server.privileges, postgres);
  return [
    ...when(roles.length > 0, {
      do: "sql",
      why: roles.map(({ role, why }) => `role ${role.name} ${why}`).join("; "),
      diff: roles.flatMap(({ role }) => roleDiff(role, server)),
      args: {
        ...where,
        database: "postgres",
        text: asSealed(roles.map(({ role }) => roleSql(role, server)).join("\n")),
      },
    }),
    ...when(server.database === undefined, {
      do: "sql",
      why: `database ${database} is not there`,
      args: {
        ...where,
        database: "postgres",
        text: asSealed(
          `CREATE DATABASE ${database} OWNER ${postgres.user} TEMPLATE template0 ENCODING 'UTF8' LOCALE '${locale}';`,
        ),
      },
    }),
    ...when(server.database !== undefined && server.database.owner !== postgres.user, {
      do: "sql",
      why: `database ${database} belongs to ${server.database?.owner}`,
      args: { ...where, database: "postgres", text: asSealed(`ALTER DATABASE ${database} OWNER TO ${postgres.user};`) },
    }),
    ...when(grants.length > 0, {
      do: "sql",
      why: "privileges on databases differ",
      args: { ...where, database: "postgres", text: asSealed(grants.join("\n")) },
    }),
    ...when(lost.length > 0, {
      do: "sql",
      why: "privileges in the event store are missing",
      args: { ...where, database, text: asSealed(lost.join("\n")) },
    }),
    ...when(pending.length > 0, {
      do: "migrate",
      why: `not applied: ${pending.map(({ name }) => name).join(", ")}`,
      args: { ...where, database, migrations: postgres.migrations },
    }),
  ];
}

interface WantedRole {
  readonly name: string;
  readonly connectionLimit: number;
  /** Of a login role. */
  readonly secret?: SecretName;
  /** The session's settings, as `name=value`. */
  readonly settings: readonly string[];
}

/**
 * What the services' sessions do is logged by nobody but the services: an error's very message may
 * quote a value of theirs, and so may what a function of theirs raises. Only a superuser can set it.
 */
export const unlogged = ["log_min_messages=fatal"];

function wantedRoles(postgres: PostgresModel): readonly WantedRole[] {
  return [
    { name: postgres.owner, connectionLimit: -1, settings: [] },
    { name: postgres.user, connectionLimit: postgres.connections, secret: "postgres.app", settings: unlogged },
    {
      name: postgres.agentUser,
      connectionLimit: agentConnections * agentsOf(postgres),
      secret: "postgres.agent",
      settings: [],
    },
  ];
}

/** The leader of a cluster has all three machines' agents. */
function agentsOf({ servers }: PostgresModel): number {
  return servers?.cluster?.nodes.length ?? 1;
}

/** What is wrong with a role, as the end of a sentence. */
function roleFault(wanted: WantedRole, server: ServerFacts): string | undefined {
  const role = find(wanted, server);
  if (role === undefined) return "is not there";
  if (role.powerful) return "may do more than it should";
  if (role.memberOf.length > 0) return `is a member of ${role.memberOf.join(", ")}`;
  if (role.login !== (wanted.secret !== undefined)) return role.login ? "may log in" : "may not log in";
  if (role.connectionLimit !== wanted.connectionLimit) return "has another connection limit";
  if (wanted.secret !== undefined && !role.passwordMatches) return "has another password";
  const unset = missingSettings(wanted, role);
  return unset.length > 0 ? `lacks its setting ${unset.join(", ")}` : undefined;
}

function roleSql(wanted: WantedRole, server: ServerFacts): string {
  const role = find(wanted, server);
  const login =
    wanted.secret === undefined ? "NOLOGIN PASSWORD NULL" : `LOGIN PASSWORD '${secretMark(wanted.secret, "scram")}'`;
  const attributes = `NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS CONNECTION LIMIT ${wanted.connectionLimit}`;
  const verb = role === undefined ? "CREATE" : "ALTER";
  const memberships = (role?.memberOf ?? []).map((other) => `REVOKE ${quoteName(other)} FROM ${wanted.name};`);
  const settings = missingSettings(wanted, role).map((setting) => `ALTER ROLE ${wanted.name} SET ${setting};`);
  return [`${verb} ROLE ${wanted.name} ${login} ${attributes};`, ...memberships, ...settings].join("\n");
}

function roleDiff(wanted: WantedRole, server: ServerFacts): string[] {
  const role = find(wanted, server);
  const line = (login: boolean, limit: number, password: string, more: readonly string[]): string =>
    [`role ${wanted.name}`, login ? "LOGIN" : "NOLOGIN", `CONNECTION LIMIT ${limit}`, ...more, password]
      .join(" ")
      .trim();
  const password = wanted.secret === undefined ? "" : `PASSWORD ${secretMark(wanted.secret, "scram")}`;
  const held = role?.passwordMatches === false && wanted.secret !== undefined ? "PASSWORD another" : password;
  const more = [
    ...(role?.powerful ? ["with further powers"] : []),
    ...(role?.memberOf ?? []).map((other) => `member of ${other}`),
  ];
  return [
    ...(role === undefined ? [] : [`- ${line(role.login, role.connectionLimit, held, more)}`]),
    `+ ${line(wanted.secret !== undefined, wanted.connectionLimit, password, [])}`,
    ...missingSettings(wanted, role).map((setting) => `+ role ${wanted.name} SET ${setting}`),
  ];
}

/** A role may have more, of its own. */
function missingSettings({ settings }: WantedRole, role: RoleFacts | undefined): string[] {
  return settings.filter((setting) => role?.settings.includes(setting) !== true);
}

function find(wanted: WantedRole, server: ServerFacts): RoleFacts | undefined {
  return server.roles.find(({ name }) => name === wanted.name);
}

/** Who may connect. The event store's owner needs temporary tables to refresh a view concurrently. */
function missingGrants(server: ServerFacts, postgres: PostgresModel): string[] {
  const { database, agentUser, owner } = postgres;
  const grants = server.database?.grants ?? ["=CONNECT", "=TEMPORARY"];
  return [
    ...(grants.some((grant) => grant.startsWith("=")) ? [`REVOKE ALL ON DATABASE ${database} FROM PUBLIC;`] : []),
    ...(grants.includes(`${agentUser}=CONNECT`) ? [] : [`GRANT CONNECT ON DATABASE ${database} TO ${agentUser};`]),
    ...(grants.includes(`${owner}=TEMPORARY`) ? [] : [`GRANT TEMPORARY ON DATABASE ${database} TO ${owner};`]),
  ];
}

/** What no action can put right: an applied migration that reads otherwise now, a database of another locale. */
export function preflightPostgres(facts: PostgresFacts, model: Model, postgres: PostgresModel): Problem[] {
  if (typeof facts.server === "string") return [];
  const { database } = facts.server;
  const { locale } = model.definition;
  return [
    ...migrationProblems(facts.server, facts.component, postgres),
    ...(database !== undefined && (database.encoding !== "UTF8" || database.collate !== locale)
      ? [
          {
            code: "wrong-locale",
            message: `database ${postgres.database} is ${database.encoding}, ${database.collate}; the stack's locale is ${locale}`,
            hint: "a database's locale can't be changed: dump it, drop it, provision, restore",
          },
        ]
      : []),
  ];
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function when(wanted: boolean, action: Action): Action[] {
  return wanted ? [action] : [];
}
