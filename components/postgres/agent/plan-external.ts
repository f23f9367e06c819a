import type { Action } from "../../../engine/action.ts";
import { planBelow } from "../../../engine/plan/plan-files.ts";
import { asSealed, secretMark } from "../../../engine/secrets/sealed.ts";
import type { Plan } from "../../../engine/stage.ts";
import { addressesText } from "../../../stack/components/external.ts";
import type { PostgresModel } from "../../../stack/components/postgres/model.ts";
import type { SecretName } from "../../../stack/model.ts";
import type { ExternalAdmin } from "./external-admin.ts";
import type { ExternalPostgresFacts, ExternalServerFacts } from "./inspect-external.ts";
import { agentConnections, unlogged } from "./plan.ts";
import { lostPrivileges } from "./privileges.ts";

/**
 * What is missing on somebody else's servers, as far as the admin's rights reach; what they don't reach, preflight has
 * told. Nothing that is there is changed: no password, no attribute of a role, no right that others have.
 */
export function planExternal({ component, server }: ExternalPostgresFacts, postgres: PostgresModel): Plan {
  const below = planBelow(component);
  const { external } = postgres;
  if (external === undefined) return { actions: below, unseen: [] };
  if (server === "down") {
    const unseen = `roles, database and migrations: no server of ${addressesText(external)} takes writes`;
    return { actions: below, unseen: [unseen] };
  }
  const admin: ExternalAdmin = { servers: external, user: postgres.admin, secret: postgres.secrets.admin };
  return { actions: [...below, ...planServer(server, postgres, admin)], unseen: [] };
}

function planServer(server: ExternalServerFacts, postgres: PostgresModel, external: ExternalAdmin): Action[] {
  const { port, database, owner, admin } = postgres;
  const inDatabase = { port, database, external };
  const where = server.database === undefined ? { ...inDatabase, database: "postgres" } : inDatabase;
  const missing = wantedRoles(postgres).filter(({ name }) => !server.roles.some((role) => role.name === name));
  const isMember = server.roles.some(({ name, acted }) => name === owner && acted);
  const pending = postgres.migrations.filter(
    ({ version }) => !server.applied.some((applied) => applied.version === version),
  );
  const grants = server.database === undefined || !server.admin.owner ? [] : databaseGrants(server, postgres);
  const lost = pending.length > 0 ? [] : lostPrivileges(server.privileges, postgres);
  return [
    ...when(missing.length > 0, {
      do: "sql",
      why: missing.map(({ name }) => `role ${name} is not there`).join("; "),
      diff: missing.map(({ name, secret }) => `+ role ${name} ${secret === undefined ? "NOLOGIN" : "LOGIN"}`),
      args: { ...where, text: asSealed(missing.map((role) => roleSql(role, server)).join("\n")) },
    }),
    ...when(!isMember && !server.admin.superuser, {
      do: "sql",
      why: `${admin} is no member of ${owner}`,
      args: { ...where, text: asSealed(`GRANT ${owner} TO ${admin};`) },
    }),
    ...when(server.database === undefined, {
      do: "sql",
      why: `database ${database} is not there`,
      args: { ...where, text: asSealed(`CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'UTF8';`) },
    }),
    ...when(grants.length > 0, {
      do: "sql",
      why: "privileges on the database are missing",
      args: { ...inDatabase, text: asSealed(grants.join("\n")) },
    }),
    ...when(lost.length > 0, {
      do: "sql",
      why: "privileges in the event store are missing",
      args: { ...inDatabase, text: asSealed(lost.join("\n")) },
    }),
    ...when(pending.length > 0, {
      do: "migrate",
      why: `not applied: ${pending.map(({ name }) => name).join(", ")}`,
      args: { ...inDatabase, migrations: postgres.migrations },
    }),
  ];
}

interface WantedRole {
  readonly name: string;
  readonly secret?: SecretName;
  readonly connections: number;
  readonly settings: readonly string[];
}

function wantedRoles({ owner, user, agentUser, secrets, connections }: PostgresModel): readonly WantedRole[] {
  return [
    { name: owner, connections: -1, settings: [] },
    { name: user, secret: secrets.app, connections, settings: unlogged },
    { name: agentUser, secret: secrets.agent, connections: agentConnections, settings: [] },
  ];
}

function roleSql({ name, secret, connections, settings }: WantedRole, { admin }: ExternalServerFacts): string {
  const login = secret === undefined ? "NOLOGIN" : `LOGIN PASSWORD '${secretMark(secret, "scram")}'`;
  return [
    `CREATE ROLE ${name} ${login} CONNECTION LIMIT ${connections};`,
    ...(admin.setLog ? settings.map((setting) => `ALTER ROLE ${name} SET ${setting};`) : []),
  ].join("\n");
}

function databaseGrants({ roles }: ExternalServerFacts, { database, owner, user, agentUser }: PostgresModel): string[] {
  const lacks = (name: string, right: "connect" | "temporary") =>
    roles.some((role) => role.name === name && !role[right]);
  return [
    ...[user, agentUser]
      .filter((name) => lacks(name, "connect"))
      .map((name) => `GRANT CONNECT ON DATABASE ${database} TO ${name};`),
    ...(lacks(owner, "temporary") ? [`GRANT TEMPORARY ON DATABASE ${database} TO ${owner};`] : []),
  ];
}

function when(wanted: boolean, action: Action): Action[] {
  return wanted ? [action] : [];
}
