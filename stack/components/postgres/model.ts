import type { Suite } from "../../debian.ts";
import type { Complete } from "../../definition/complete.ts";
import type { Definition } from "../../definition/schema.ts";
import type { PostgresSettings } from "./settings.ts";

export interface PostgresModel extends Complete<PostgresSettings> {
  /** Debian's major version, e.g. "15". */
  readonly major: string;
  readonly cluster: "main";
  readonly unit: string;
  readonly dataDirectory: string;
  readonly configDirectory: string;
  readonly binDirectory: string;
  /** connections + what superuser, agent and backups need. */
  readonly maxConnections: number;
  /** NOLOGIN role that owns the event store. */
  readonly owner: "event_store_owner";
  /** Role of the agent: health checks and the view's refresh. */
  readonly agentUser: "stack_agent";
  /** Migrations, in order: their paths in the container. */
  readonly migrations: readonly Migration[];
}

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly path: string;
}

/**
 * Connections beyond those the services may use: 3 for the superuser (PostgreSQL's own
 * reserve), 4 for the agent, 3 for backups.
 */
const reservedConnections = 10;

/** Debian's PostgreSQL. */
const majors: Readonly<Record<Suite, string>> = { bookworm: "15", trixie: "17" };

/** The migrations in the order they are applied; a number is used once and for ever. */
const migrationNames = [
  "0001-schemas",
  "0002-event-types",
  "0003-events",
  "0004-append",
  "0005-reading",
  "0006-snapshots",
  "0007-projections",
  "0008-statistics",
  "0009-health",
  "0010-field-checks",
] as const;

export const migrationFolder = "/usr/share/stack-agent/migrations";

/**
 * PostgreSQL as a definition means it. Names not given come from the stack's:
 * `stock-analysis` → database `stock_analysis_event_store`, user `stock_analysis_user`.
 */
export function postgresModel(
  { database, user, ...settings }: PostgresSettings,
  { name, debian }: Pick<Definition, "name" | "debian">,
): PostgresModel {
  const prefix = name.replaceAll("-", "_");
  const major = majors[debian];
  return {
    ...settings,
    database: database ?? `${prefix}_event_store`,
    user: user ?? `${prefix}_user`,
    major,
    cluster: "main",
    unit: `postgresql@${major}-main.service`,
    dataDirectory: `/var/lib/postgresql/${major}/main`,
    configDirectory: `/etc/postgresql/${major}/main`,
    binDirectory: `/usr/lib/postgresql/${major}/bin`,
    maxConnections: settings.connections + reservedConnections,
    owner: "event_store_owner",
    agentUser: "stack_agent",
    migrations: migrationNames.map(migration),
  };
}

function migration(name: string): Migration {
  return { version: Number.parseInt(name, 10), name, path: `${migrationFolder}/${name}.sql` };
}
