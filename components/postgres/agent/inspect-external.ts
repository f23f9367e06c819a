import type { Client } from "pg";
import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import { type ComponentFacts, inspectComponent } from "../../../engine/plan/plan-files.ts";
import { isErrno, isStackError, messageOf, StackError } from "../../../lib/error.ts";
import type { ExternalServers } from "../../../stack/components/external.ts";
import type { PostgresModel } from "../../../stack/components/postgres/model.ts";
import type { Model, SecretName } from "../../../stack/model.ts";
import { openPostgres, postgresCode, withPostgres } from "./client.ts";
import type { ServerFacts } from "./facts.ts";
import { askDatabase, empty, LOOK_TIMEOUT, notNow } from "./inspect.ts";

export interface ExternalPostgresFacts {
  readonly component: ComponentFacts;
  /** `down`: not reached, or none that takes writes. */
  readonly server: ExternalServerFacts | "down";
}

/** What the servers tell the role that stands for the superuser. */
export interface ExternalServerFacts extends Pick<ServerFacts, "applied" | "privileges"> {
  /** `server_version_num`, e.g. 150013. */
  readonly version: number;
  readonly admin: AdminRights;
  /** The stack's database; undefined where there is none. */
  readonly database: { readonly encoding: string; readonly owner: string } | undefined;
  readonly roles: readonly ExternalRole[];
}

export interface AdminRights {
  readonly superuser: boolean;
  readonly createRole: boolean;
  readonly createDatabase: boolean;
  /** In the stack's database. */
  readonly create: boolean;
  /** It may give away rights on the database. */
  readonly owner: boolean;
  /** It may have sessions of others log nothing. */
  readonly setLog: boolean;
}

export interface ExternalRole {
  readonly name: string;
  readonly canLogin: boolean;
  /** The admin may act as it. */
  readonly acted: boolean;
  readonly connect: boolean;
  readonly temporary: boolean;
  /** Whether its secret opens it; undefined for one that has none. */
  readonly login?: "ok" | "refused" | "unset";
}

/**
 * Logs in as the role that stands for the superuser, and once as each role whose password was given.
 *
 * @throws StackError `secret-missing`, `admin-refused`, `grant-missing`, `no-authorities`
 */
export async function inspectExternal(
  reader: FactReader,
  model: Model,
  postgres: PostgresModel,
  signal: AbortSignal,
): Promise<ExternalPostgresFacts> {
  const [component, server] = await Promise.all([
    inspectComponent(reader, model, "postgres"),
    inspectExternalServer(reader, postgres, signal),
  ]);
  return { component, server };
}

type Look = Pick<FactReader, "withSecret">;

/** @throws as `inspectExternal` */
export async function inspectExternalServer(
  reader: Look,
  postgres: PostgresModel,
  signal: AbortSignal,
): Promise<ExternalPostgresFacts["server"]> {
  const { admin, secrets, external } = postgres;
  const ended = AbortSignal.any([signal, AbortSignal.timeout(LOOK_TIMEOUT)]);
  const ask = <T>(database: string, use: (client: Client) => Promise<T>): Promise<T> =>
    reader.withSecret(secrets.admin, (password) =>
      withPostgres({ ...at(postgres), database, user: admin, password }, ended, use),
    );
  try {
    const looked = await ask(postgres.database, async (client) => ({
      ...(await askRights(client, postgres)),
      ...(await askDatabase(client)),
    })).catch(async (error: unknown) => {
      if (postgresCode(error) !== "3D000") throw error;
      const { database: _, ...there } = await ask("postgres", (client) => askRights(client, postgres));
      return { ...there, database: undefined, ...empty };
    });
    const roles = await Promise.all(
      looked.roles.map(async (role) => ({ ...role, ...(await triedLogin(role, looked, reader, postgres, ended)) })),
    );
    return { ...looked, roles };
  } catch (error) {
    signal.throwIfAborted();
    const code = postgresCode(error) ?? "";
    if (ended.aborted || isErrno(error, ...unreached) || notNow.includes(code)) return "down";
    if (code === "42501" && messageOf(error).includes("for database")) {
      throw new StackError("grant-missing", `${admin} may not connect: ${messageOf(error)}`, {
        hint: `as a superuser there: GRANT CONNECT ON DATABASE ${postgres.database} TO ${admin};`,
      });
    }
    if (code === "28P01" || code === "28000") throw refused(error, admin, secrets.admin, external);
    throw error;
  }
}

const unreached = ["ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "EAI_AGAIN", "read-only"];

function at({ port, servers }: PostgresModel) {
  return { port, servers };
}

function refused(error: unknown, admin: string, secret: SecretName, external: ExternalServers | undefined): StackError {
  const message = error instanceof Error ? error.message : "";
  const tls = external?.ca === undefined ? " without TLS (tls: false)" : "";
  return new StackError("admin-refused", `PostgreSQL lets ${admin} in no more than this${tls}: ${message}`, {
    hint: `stack-agent secrets set ${secret}, if it is the password; else the server's pg_hba.conf`,
  });
}

async function askRights(client: Client, { owner, user, agentUser }: PostgresModel) {
  const version = Number(
    (await client.query<{ v: string }>("select current_setting('server_version_num') as v")).rows[0]?.v,
  );
  // Parameters' privileges came with 15.
  const setLog = version >= 150_000 ? "has_parameter_privilege('log_min_messages', 'SET')" : "rolsuper";
  // Since 16 who has made a role is its member, and may yet not act as it.
  const acted =
    version >= 160_000 ? "pg_has_role(oid, 'USAGE') and pg_has_role(oid, 'SET')" : "pg_has_role(oid, 'MEMBER')";
  const { rows } = await client.query<AdminRights & { encoding: string; ownerName: string }>(
    `select rolsuper as superuser, rolsuper or rolcreaterole as "createRole", rolsuper or rolcreatedb as "createDatabase",
       has_database_privilege(current_database(), 'CREATE') as create, pg_has_role(datdba, 'USAGE') as owner,
       rolsuper or ${setLog} as "setLog", pg_encoding_to_char(encoding) as encoding,
       pg_get_userbyid(datdba)::text as "ownerName"
     from pg_roles, pg_database where rolname = current_user and datname = current_database()`,
  );
  const [row] = rows;
  if (row === undefined) throw new StackError("look-failed", "PostgreSQL doesn't tell who is logged in");
  const { encoding, ownerName, ...admin } = row;
  const roles = await client.query<Omit<ExternalRole, "login">>(
    `select rolname as name, rolcanlogin as "canLogin", ${acted} as acted,
       has_database_privilege(oid, current_database(), 'CONNECT') as connect,
       has_database_privilege(oid, current_database(), 'TEMPORARY') as temporary
     from pg_roles where rolname = any ($1) order by rolname`,
    [[owner, user, agentUser]],
  );
  return { version, admin, database: { encoding, owner: ownerName }, roles: roles.rows };
}

/** Whether the role's secret opens it: nobody but a superuser sees verifiers. */
async function triedLogin(
  { name, canLogin, connect }: Omit<ExternalRole, "login">,
  { database }: Pick<ExternalServerFacts, "database">,
  reader: Look,
  postgres: PostgresModel,
  signal: AbortSignal,
): Promise<Pick<ExternalRole, "login">> {
  const { user, agentUser, secrets } = postgres;
  const secret = { [user]: secrets.app, [agentUser]: secrets.agent }[name];
  if (secret === undefined || !canLogin || !connect) return {};
  try {
    const login = { ...at(postgres), database: database === undefined ? "postgres" : postgres.database, user: name };
    await reader.withSecret(secret, async (password) => (await openPostgres({ ...login, password }, signal)).close());
    return { login: "ok" };
  } catch (error) {
    if (isStackError(error) && error.code === "secret-missing") return { login: "unset" };
    // It is there, and full: of a login that isn't refused.
    if (postgresCode(error) === "53300") return { login: "ok" };
    if (["28P01", "28000"].includes(postgresCode(error) ?? "")) return { login: "refused" };
    throw error;
  }
}
