import type { Problem } from "../../../engine/stage.ts";
import { addressesText } from "../../../stack/components/external.ts";
import type { PostgresModel } from "../../../stack/components/postgres/model.ts";
import type { ExternalPostgresFacts, ExternalRole, ExternalServerFacts } from "./inspect-external.ts";
import { migrationProblems } from "./migration-problems.ts";

/** What the event store is made with, and tested on. */
const leastMajor = 15;

/** What is missing on somebody else's servers, each with the statement that a superuser there grants it by. */
export function preflightExternal({ server, component }: ExternalPostgresFacts, postgres: PostgresModel): Problem[] {
  if (server === "down") return [];
  const { database, external } = postgres;
  const where = external === undefined ? "" : ` on ${addressesText(external)}`;
  const { encoding } = server.database ?? {};
  return [
    ...(server.version < leastMajor * 10_000
      ? [
          {
            code: "postgres-too-old",
            message: `PostgreSQL${where} is ${Math.floor(server.version / 10_000)}; the event store needs ${leastMajor}`,
            hint: "upgrade the server, or name another in stack.yaml",
          },
        ]
      : []),
    ...(encoding !== undefined && encoding !== "UTF8"
      ? [
          {
            code: "wrong-encoding",
            message: `database ${database} is ${encoding}, not UTF8`,
            hint: `make another: CREATE DATABASE ${database} OWNER ${postgres.admin} ENCODING 'UTF8' TEMPLATE template0;`,
          },
        ]
      : []),
    ...missingRights(server, postgres),
    ...wantedRoles(postgres).flatMap((wanted) => roleProblems(wanted, server, postgres)),
    ...migrationProblems(server, component, postgres),
  ];
}

const grant = (message: string, statement: string): Problem => ({
  code: "grant-missing",
  message,
  hint: `as a superuser there: ${statement}`,
});

function missingRights(
  { admin, database: there }: ExternalServerFacts,
  { database, admin: name }: PostgresModel,
): Problem[] {
  if (there === undefined) {
    if (admin.createDatabase) return [];
    const make = `CREATE DATABASE ${database} OWNER ${name} ENCODING 'UTF8' TEMPLATE template0;`;
    return [grant(`database ${database} is not there, and ${name} may not make it`, make)];
  }
  if (admin.create) return [];
  return [
    grant(`${name} may make no schema in database ${database}`, `GRANT CREATE ON DATABASE ${database} TO ${name};`),
  ];
}

interface WantedRole {
  readonly name: string;
  /** The secret that opens it; undefined: nobody logs in as it. */
  readonly secret?: string;
}

function wantedRoles({ owner, user, agentUser, secrets }: PostgresModel): readonly WantedRole[] {
  return [{ name: owner }, { name: user, secret: secrets.app }, { name: agentUser, secret: secrets.agent }];
}

function roleProblems(
  { name, secret }: WantedRole,
  { admin, roles, database: there }: ExternalServerFacts,
  { admin: adminName, database, owner }: PostgresModel,
): Problem[] {
  const role = roles.find((one) => one.name === name);
  if (role === undefined) {
    if (admin.createRole) return [];
    const how = secret === undefined ? "NOLOGIN" : `LOGIN PASSWORD '…'`;
    const member = secret === undefined ? ` GRANT ${name} TO ${adminName};` : "";
    const make = `CREATE ROLE ${name} ${how};${member} or, that it is made: ALTER ROLE ${adminName} CREATEROLE;`;
    return [grant(`role ${name} is not there, and ${adminName} may not make it`, make)];
  }
  return [
    ...(name === owner && !role.acted && !admin.createRole
      ? [grant(`${adminName} is no member of ${name}, who owns the event store`, `GRANT ${name} TO ${adminName};`)]
      : []),
    ...(secret !== undefined && !role.canLogin
      ? [grant(`role ${name} may not log in`, `ALTER ROLE ${name} LOGIN;`)]
      : []),
    ...(there !== undefined && !admin.owner ? databaseGrants(role, { secret, database, owner }) : []),
    ...(role.login === "refused"
      ? [
          {
            code: "login-refused",
            message: `PostgreSQL refuses ${name} with the password that was given`,
            hint: `stack-agent secrets set ${secret}; or, as a superuser there: ALTER ROLE ${name} PASSWORD '…';`,
          },
        ]
      : []),
    ...(role.login === "unset" ? [unset(secret ?? "", name)] : []),
  ];
}

function unset(secret: string, role: string): Problem {
  return {
    code: "secret-missing",
    message: `the password of ${role} is not given`,
    hint: `stack-agent secrets set ${secret}`,
  };
}

function databaseGrants(
  { name, connect, temporary }: ExternalRole,
  {
    secret,
    database,
    owner,
  }: { readonly secret: string | undefined; readonly database: string; readonly owner: string },
): Problem[] {
  return [
    ...(secret !== undefined && !connect
      ? [grant(`${name} may not connect to ${database}`, `GRANT CONNECT ON DATABASE ${database} TO ${name};`)]
      : []),
    ...(name === owner && !temporary
      ? [grant(`${name} may make no temporary table`, `GRANT TEMPORARY ON DATABASE ${database} TO ${name};`)]
      : []),
  ];
}
