import type { CheckContext, CheckOpener, OpenCheck, Outcome } from "../../../engine/check.ts";
import { keepFigures } from "../../../engine/keep-figures.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import { abortable } from "../../../lib/abortable.ts";
import { messageOf } from "../../../lib/error.ts";
import { openPostgres, type PostgresConnection, postgresCode } from "./client.ts";
import { oldestXmin } from "./oldest-xmin.ts";
import { readFigures } from "./read-figures.ts";
import { refreshCollation } from "./refresh-collation.ts";

/** One row, written and read back: the disk, the log and the login all took part. */
const roundtrip = `
  insert into stack_agent.heartbeat as heart (id, beats) values (1, 1)
    on conflict (id) do update set beats = heart.beats + 1, at = clock_timestamp()
    returning beats, stack_agent.xmin_age() as "xminAge",
      (select datcollversion is distinct from pg_database_collation_actual_version(oid)
       from pg_database where datname = current_database()) as "otherCollation"`;

/** PostgreSQL writes and reads, by the agent's role; warns of a snapshot held for too long. */
export function postgresCheck(model: StackWith<"postgres">): CheckOpener {
  return (context) => openCheck(model, context);
}

function openCheck({ postgres }: StackWith<"postgres">, context: CheckContext): OpenCheck {
  let connection: PostgresConnection | undefined;
  const drop = (): void => {
    connection?.drop();
    connection = undefined;
  };

  const figures = keepFigures(async () => (connection === undefined ? {} : readFigures(connection)));

  const connect = async (signal: AbortSignal): Promise<PostgresConnection | Outcome> => {
    if (connection !== undefined && !connection.broken()) return connection;
    drop();
    const { address: host, port, external, servers, database, agentUser: user, secrets } = postgres;
    const password = await context.secret(secrets.agent);
    if (password === undefined) {
      return external === undefined
        ? { status: "fail", code: "starting", message: `the secret ${secrets.agent} is not there yet` }
        : { status: "fail", code: "no-secret", message: `stack-agent secrets set ${secrets.agent}` };
    }
    connection = await openPostgres({ host, port, servers, database, user, password }, signal);
    return connection;
  };

  return {
    async run(signal) {
      try {
        const open = await connect(signal);
        if ("status" in open) return open;
        const query = open.client.query<Row>(roundtrip);
        const { rows } = await abortable(query, signal, drop);
        return { ...outcome(rows[0], postgres), figures: figures() };
      } catch (error) {
        drop();
        return failure(error, signal);
      }
    },
    async close() {
      const open = connection;
      connection = undefined;
      await open?.close();
    },
  };
}

interface Row {
  readonly beats: string;
  readonly xminAge: number;
  /** Its text is sorted by another version of the C library than its indexes were made by. */
  readonly otherCollation: boolean;
}

function outcome(row: Row | undefined, { database, external }: StackWith<"postgres">["postgres"]): Outcome {
  const { xminAge, otherCollation } = row ?? { xminAge: 0, otherCollation: false };
  const observed = { observedValue: xminAge };
  if (xminAge < oldestXmin && otherCollation) {
    const message = `${database}'s indexes of text were made under another version of its collation; as ${external === undefined ? "postgres" : "its owner"}: ${refreshCollation(database)}`;
    return { status: "warn", code: "collation-version", ...observed, message };
  }
  if (xminAge < oldestXmin) return { status: "pass", code: "ok", ...observed };
  return {
    status: "warn",
    code: "old-snapshot",
    ...observed,
    message: "a session, slot or prepared transaction holds back vacuum; see pg_stat_activity.backend_xmin",
  };
}

/** SQLSTATE or system code → our word. https://www.postgresql.org/docs/15/errcodes-appendix.html */
const codes: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  "28P01": "auth",
  "28000": "auth",
  "3D000": "no-database",
  "42P01": "no-schema",
  "3F000": "no-schema",
  "53100": "disk-full",
  "53300": "too-many-connections",
  "57P01": "stopping",
  "57P03": "starting",
  "25006": "read-only",
  "read-only": "read-only",
  "42501": "denied",
  "no-authorities": "certificate",
  CERT_HAS_EXPIRED: "certificate",
  DEPTH_ZERO_SELF_SIGNED_CERT: "certificate",
  ERR_TLS_CERT_ALTNAME_INVALID: "certificate",
  SELF_SIGNED_CERT_IN_CHAIN: "certificate",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "certificate",
  EAI_AGAIN: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  ENOTFOUND: "unreachable",
};

function failure(error: unknown, signal: AbortSignal): Outcome {
  const code = signal.aborted ? "timeout" : (codes[postgresCode(error) ?? ""] ?? "error");
  return { status: "fail", code, message: messageOf(error) };
}
