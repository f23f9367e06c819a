import type { Suite } from "../../debian.ts";
import type { Complete } from "../../definition/complete.ts";
import type { Definition } from "../../definition/schema.ts";
import type { SecretName } from "../../model.ts";
import { type ClusterModel, clusterModel } from "../cluster/model.ts";
import { type ExternalServers, externalServers } from "../external.ts";
import { wellKnownPorts } from "../well-known-ports.ts";
import { type PatroniModel, patroniModel } from "./patroni.ts";
import type { PostgresSettings } from "./settings.ts";

export interface PostgresModel extends Omit<Complete<PostgresSettings>, "external"> {
  /** Where it is, if it is somebody else's; undefined: on this machine, by TCP on loopback. */
  readonly external?: ExternalServers;
  /** Where the server that takes writes is found where there are several: somebody else's, or the cluster's. */
  readonly servers?: PostgresServers;
  /** What makes its server one of three; undefined: it is alone, or somebody else's. */
  readonly patroni?: PatroniModel;
  /** The role that makes roles and applies migrations. */
  readonly admin: string;
  /** Whose password is which secret. */
  readonly secrets: { readonly admin: SecretName; readonly app: SecretName; readonly agent: SecretName };
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
  readonly owner: string;
  /** Role of the agent: health checks and the view's refresh. */
  readonly agentUser: string;
  /** Migrations, in order: their paths in the container. */
  readonly migrations: readonly Migration[];
}

export interface PostgresServers extends ExternalServers {
  /** Whose members alone are let in, by its certificates. */
  readonly cluster?: ClusterModel;
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

/** Beside those: a cluster's leader has two agents more. */
const reservedForMembers = 8;

/** Debian's PostgreSQL. */
const majors: Readonly<Record<Suite, string>> = { bookworm: "15", trixie: "17" };

const ownSecrets = { admin: "postgres.superuser", app: "postgres.app", agent: "postgres.agent" } as const;

/** Of servers that are somebody else's: passwords that are given. */
const givenSecrets = {
  admin: "postgres_admin_password",
  app: "postgres_password",
  agent: "postgres_agent_password",
} as const;

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
  "0011-figures",
] as const;

export const migrationFolder = "/usr/share/stack-agent/migrations";

/**
 * PostgreSQL as a definition means it. Names not given come from the stack's:
 * `stock-analysis` → database `stock_analysis_event_store`, user `stock_analysis_user`.
 */
export function postgresModel(
  { database, user, external, ...settings }: PostgresSettings,
  { name, debian, cluster }: Pick<Definition, "name" | "debian" | "cluster">,
): PostgresModel {
  const prefix = name.replaceAll("-", "_");
  const major = majors[debian];
  const three = external === undefined && cluster !== undefined ? clusterModel(cluster) : undefined;
  const reserved = reservedConnections + (three === undefined ? 0 : reservedForMembers);
  const maxConnections = settings.connections + reserved;
  const given = external && externalServers(external, wellKnownPorts.postgres);
  return {
    ...settings,
    database: database ?? `${prefix}_event_store`,
    user: user ?? `${prefix}_user`,
    major,
    cluster: "main",
    unit: three === undefined ? `postgresql@${major}-main.service` : "patroni.service",
    dataDirectory: `/var/lib/postgresql/${major}/main`,
    // Where Debian's tools look, they would start it themselves.
    configDirectory: three === undefined ? `/etc/postgresql/${major}/main` : "/etc/patroni",
    binDirectory: `/usr/lib/postgresql/${major}/bin`,
    maxConnections,
    ...(three && { servers: memberServers(three, settings.port), patroni: patroniModel(debian, maxConnections) }),
    ...(external === undefined || given === undefined
      ? { owner: "event_store_owner", agentUser: "stack_agent", admin: "postgres", secrets: ownSecrets }
      : // On servers that others use too, roles are named after the stack.
        {
          ...{ owner: `${prefix}_owner`, agentUser: `${prefix}_agent`, admin: external.admin, secrets: givenSecrets },
          ...{ external: given, servers: given },
        }),
    migrations: migrationNames.map(migration),
  };
}

function memberServers(cluster: ClusterModel, port: number): PostgresServers {
  return { addresses: cluster.nodes.map(({ address: host }) => ({ host, port })), ca: cluster.ca, cluster };
}

function migration(name: string): Migration {
  return { version: Number.parseInt(name, 10), name, path: `${migrationFolder}/${name}.sql` };
}
