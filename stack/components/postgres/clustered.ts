import { clusterGroup } from "../cluster/model.ts";
import type { ClusteredForm, Having } from "../component.ts";
import { addressText } from "../external.ts";
import type { Process } from "../process.ts";
import { migrationFiles, patroniFiles } from "./files.ts";
import { clusterMetrics, metrics } from "./metrics.ts";
import type { PostgresModel } from "./model.ts";
import { serverVariables } from "./server-variables.ts";
import type { postgresSettings } from "./settings.ts";

type Form = ClusteredForm<
  typeof postgresSettings,
  PostgresModel,
  "postgres:roundtrip",
  Having<"postgres", PostgresModel>
>;

/** PostgreSQL as one of three: Patroni runs it, and etcd says which of them leads. */
export const clusteredPostgres: Form = {
  firstBoot: "PostgreSQL's leader is made by one machine and copied by the others, with the event store",
  packagedAccounts: [
    {
      ...{ name: "postgres", id: 301, groups: [clusterGroup] },
      user: { comment: "PostgreSQL administrator", home: "/var/lib/postgresql", shell: "/bin/bash" },
    },
    { name: "ssl-cert", id: 302 },
    { name: "etcd", id: 309, user: { home: "/var/lib/etcd" }, groups: [clusterGroup] },
  ],
  packages: ({ postgres: { major } }) => [
    ...["libpq5", "postgresql-common", `postgresql-${major}`],
    ...["patroni", "etcd-server", "etcd-client"],
  ],
  identities: ["/var/lib/postgresql/*", "/etc/postgresql/*", "/var/lib/etcd/*"],
  secrets: () => [
    { name: "postgres.superuser", reader: "root", purpose: "PostgreSQL's superuser postgres, for the agent's setup" },
    { name: "postgres.app", reader: "root", purpose: "PostgreSQL role of the services" },
    {
      name: "postgres.agent",
      reader: "agent",
      purpose: "PostgreSQL role of the agent: health checks, refresh of views",
    },
    { name: "postgres.replication", reader: "root", purpose: "PostgreSQL role by which a standby follows its leader" },
    {
      name: "postgres.rewind",
      reader: "root",
      purpose: "PostgreSQL role by which a leader that was lost becomes a standby",
    },
    { name: "postgres.patroni", reader: "root", purpose: "Patroni's REST API, for what changes something" },
  ],
  checks: {
    "postgres:roundtrip": {
      proves:
        "PostgreSQL's leader writes a row on two machines and reads it back, no snapshot holds back vacuum, and all three servers run",
      observes: {
        unit: "transactions",
        metric: {
          name: "stack_postgres_oldest_snapshot_transactions",
          type: "gauge",
          help: "Transactions since the oldest snapshot, whose rows vacuum has to leave.",
        },
      },
      metrics: [...metrics, ...clusterMetrics],
    },
  },
  connection: {
    addresses: ({ postgres: { servers } }) => (servers?.addresses ?? []).map(addressText),
    environment: ({ postgres: { servers, database, user } }) => [
      ...serverVariables(servers),
      { name: "POSTGRES_DATABASE", value: database },
      { name: "POSTGRES_USER", value: user },
      { name: "POSTGRES_SCHEMA", value: "event_store" },
    ],
    credential: { name: "postgres_password", secret: "postgres.app" },
  },
  ports: [
    { setting: "port", what: "PostgreSQL", bind: "members" },
    { port: 8008, what: "Patroni", bind: "members" },
    { port: 2379, what: "etcd", bind: "members" },
    { port: 2380, what: "etcd's members", who: "etcd", bind: "members" },
  ],
  ownNames: ({ postgres: { owner, agentUser, patroni } }) => [
    ...["database postgres", "database template0", "database template1", "role postgres"],
    ...[owner, agentUser, ...Object.values(patroni?.roles ?? {})].map((name) => `role ${name}`),
  ],
  // What Debian's own packages start, beside what Patroni runs.
  units: () => [{ unit: "postgresql.service", want: "masked" }],
  processes: ({ name, postgres }) => processes(name, postgres),
  files: ({ postgres }) => [...patroniFiles(postgres), ...migrationFiles(postgres)],
};

function processes(name: string, { unit, major, dataDirectory, patroni }: PostgresModel): Process[] {
  if (patroni === undefined) return [];
  const { etcd, config } = patroni;
  return [
    {
      unit: etcd.unit,
      logName: "etcd",
      title: `etcd of ${name}`,
      template: { path: "units/etcd.service.ejs" },
      user: "etcd",
      command: ["/usr/bin/etcd", "--config-file", etcd.config],
      // It would tell systemd once two of three are there; nobody is to wait for that.
      ready: "executed",
      stop: { value: { within: 30 } },
      restart: "always",
      environment: [
        { name: "ETCD_UNSUPPORTED_ARCH", value: "arm64", why: "It refuses a processor that its authors don't test." },
      ],
      openFiles: 65_536,
      outOfMemory: { value: { adjust: -900, survives: true }, why: "Without it this machine's server doesn't lead." },
      writable: [etcd.dataDirectory],
      sandbox: { network: "members", wholeProc: "Go's runtime asks for the machine's processors." },
    },
    {
      unit,
      logName: "postgresql",
      title: `PostgreSQL ${major} of ${name}, by Patroni`,
      template: { path: "units/patroni.service.ejs" },
      user: "postgres",
      command: ["/usr/bin/patroni", config],
      runFolder: "patroni",
      ready: "executed",
      stop: {
        value: { mainOnly: true, within: 120 },
        why: "Patroni stops its server, which writes a checkpoint, and hands over to another.",
      },
      restart: "always",
      environment: [
        {
          name: "PG_OOM_ADJUST_FILE",
          value: "/proc/self/oom_score_adj",
          why: "A backend gives up what spares the server.",
        },
        { name: "PG_OOM_ADJUST_VALUE", value: "0" },
      ],
      outOfMemory: {
        value: { adjust: -900, survives: true },
        why: "The out-of-memory killer takes a backend, not the server, and the server recovers by itself.",
      },
      writable: [dataDirectory.split("/").slice(0, -2).join("/"), "/run/postgresql"],
      sandbox: { network: "members", wholeProc: "Patroni knows its server again by when it was started, since boot." },
    },
  ];
}
