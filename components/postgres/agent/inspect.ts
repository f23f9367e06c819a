import type { Client } from "pg";
import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import { lastWords } from "../../../engine/facts/last-words.ts";
import { inspectComponent } from "../../../engine/plan/plan-files.ts";
import { isErrno, isStackError } from "../../../lib/error.ts";
import type { PostgresModel } from "../../../stack/components/postgres/model.ts";
import type { Model, SecretName } from "../../../stack/model.ts";
import { postgresCode, withPostgres } from "./client.ts";
import type { AppliedMigration, DatabaseFacts, PostgresFacts, RoleFacts, ServerFacts } from "./facts.ts";
import { explainDamage } from "./failing.ts";
import { privilegesQuery } from "./privileges.ts";

/** How long one look at the server may take, milliseconds. */
export const LOOK_TIMEOUT = 10_000;

/** SQLSTATEs of a server that is starting, stopping, or full: look again later. */
export const notNow = ["57P03", "57P01", "57P02", "53300"];

/** Of one that isn't started; of several, where none takes writes. */
const notThere = ["ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ETIMEDOUT", "read-only"];

export async function inspectPostgres(
  reader: FactReader,
  model: Model,
  postgres: PostgresModel,
  signal: AbortSignal,
): Promise<PostgresFacts> {
  const [component, cluster] = await Promise.all([
    inspectComponent(reader, model, "postgres"),
    hasCluster(reader, postgres),
  ]);
  const unit = component.units.get(postgres.unit);
  const running = unit?.active === "active";
  const server =
    cluster && running
      ? await inspectServer(reader, postgres, signal).catch(async (error: unknown) => {
          signal.throwIfAborted();
          throw explainDamage(error, await lastWords(reader.run, postgres.unit, signal), postgres);
        })
      : "down";
  const words = unit?.failing === true ? await lastWords(reader.run, postgres.unit, signal) : undefined;
  return { component, cluster, server, lastWords: words };
}

/** A folder that not even root may enter is of ids that the container has not: somebody's cluster, never to be made anew. */
function hasCluster(reader: Pick<FactReader, "exists">, { dataDirectory }: PostgresModel): Promise<boolean> {
  return reader.exists(`${dataDirectory}/PG_VERSION`).catch((error: unknown) => {
    if (isErrno(error, "EACCES")) return true;
    throw error;
  });
}

/** Logs in as the superuser, over loopback or to the one that leads, and looks at roles, databases, migrations. */
export async function inspectServer(
  reader: Pick<FactReader, "withSecret" | "secretMatches">,
  postgres: PostgresModel,
  signal: AbortSignal,
): Promise<PostgresFacts["server"]> {
  const { port, servers } = postgres;
  const ended = AbortSignal.any([signal, AbortSignal.timeout(LOOK_TIMEOUT)]);
  const ask = <T>(database: string, use: (client: Client) => Promise<T>): Promise<T> =>
    reader.withSecret("postgres.superuser", (password) =>
      withPostgres({ port, servers, database, user: "postgres", password }, ended, use),
    );
  try {
    const { roles, database } = await ask("postgres", (client) => askCluster(client, postgres));
    const inside = database === undefined ? empty : await ask(postgres.database, askDatabase);
    return { roles: await Promise.all(roles.map((role) => roleFacts(role, reader, postgres))), database, ...inside };
  } catch (error) {
    signal.throwIfAborted();
    const code = postgresCode(error);
    if (code === "28P01" || (isStackError(error) && error.code === "secret-missing")) return "refused";
    if (ended.aborted || isErrno(error, ...notThere) || notNow.includes(code ?? "")) return "down";
    throw error;
  }
}

interface RoleRow extends Omit<RoleFacts, "passwordMatches"> {
  readonly verifier: string | null;
}

async function askCluster(client: Client, postgres: PostgresModel) {
  const names = [postgres.owner, postgres.user, postgres.agentUser];
  const roles = await client.query<RoleRow>(
    `select rolname as name, rolcanlogin as login, rolconnlimit as "connectionLimit", rolpassword as verifier,
       rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls as powerful,
       array(select pg_get_userbyid(roleid)::text from pg_auth_members where member = role.oid) as "memberOf",
       coalesce((select setconfig from pg_db_role_setting where setrole = role.oid and setdatabase = 0), '{}') as settings
     from pg_authid as role where rolname = any ($1) order by rolname`,
    [names],
  );
  const databases = await client.query<DatabaseFacts>(
    `select pg_get_userbyid(datdba) as owner, pg_encoding_to_char(encoding) as encoding,
       datcollate as collate, datctype as ctype,
       array(select case grantee when 0 then '' else pg_get_userbyid(grantee)::text end || '=' || privilege_type
             from aclexplode(coalesce(datacl, acldefault('d', datdba)))) as grants
     from pg_database where datname = $1`,
    [postgres.database],
  );
  return { roles: roles.rows, database: databases.rows[0] };
}

export type InDatabase = Pick<ServerFacts, "applied" | "privileges">;

export const empty: InDatabase = { applied: [], privileges: [] };

export async function askDatabase(client: Client): Promise<InDatabase> {
  const { rows } = await client.query<{ there: boolean }>(
    "select to_regclass('stack_agent.migrations') is not null as there",
  );
  if (rows[0]?.there !== true) return empty;
  const applied = await client.query<AppliedMigration>(
    // Older databases don't say which expand.
    `select version, name, checksum, coalesce((to_jsonb(one) ->> 'expands')::boolean, false) as expands
       from stack_agent.migrations as one order by version`,
  );
  const privileges = await client.query<{ privilege: string }>(privilegesQuery);
  return { applied: applied.rows, privileges: privileges.rows.map(({ privilege }) => privilege) };
}

async function roleFacts(
  { verifier, ...role }: RoleRow,
  reader: Pick<FactReader, "secretMatches">,
  postgres: PostgresModel,
): Promise<RoleFacts> {
  const secrets: Readonly<Record<string, SecretName>> = {
    [postgres.user]: "postgres.app",
    [postgres.agentUser]: "postgres.agent",
  };
  const secret = secrets[role.name];
  const passwordMatches = secret !== undefined && verifier !== null && (await reader.secretMatches(secret, verifier));
  return { ...role, passwordMatches };
}
