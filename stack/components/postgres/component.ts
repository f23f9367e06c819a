import { archiveFolders } from "../backup/component.ts";
import type { BackupModel } from "../backup/model.ts";
import type { Component, DeclaredFile } from "../component.ts";
import { addressText } from "../external.ts";
import type { Process } from "../process.ts";
import { clusteredPostgres } from "./clustered.ts";
import { migrationFiles, serverFiles } from "./files.ts";
import { metrics } from "./metrics.ts";
import { type PostgresModel, postgresModel } from "./model.ts";
import { serverVariables } from "./server-variables.ts";
import { postgresSettings } from "./settings.ts";

/** PostgreSQL: one cluster, MAJOR/main as Debian's tools know it, made on the instance. */
export const postgres: Component<"postgres", typeof postgresSettings, PostgresModel, "postgres:roundtrip"> = {
  name: "postgres",
  label: "PostgreSQL",
  kind: "datastore",
  firstBoot: "the PostgreSQL cluster, its roles and the event store are created",
  settings: postgresSettings,
  model: postgresModel,
  data: {
    path: "/var/lib/postgresql",
    mode: 0o755,
    owner: "postgres:postgres",
    holds: ({ postgres }) => [postgres.dataDirectory],
    example: "20 GiB",
  },
  packagedAccounts: [
    {
      name: "postgres",
      id: 301,
      user: { comment: "PostgreSQL administrator", home: "/var/lib/postgresql", shell: "/bin/bash" },
    },
    { name: "ssl-cert", id: 302 },
  ],
  packages: ({ postgres: { major } }) => ["libpq5", "postgresql-common", `postgresql-${major}`],
  secrets: () => [
    { name: "postgres.superuser", reader: "root", purpose: "PostgreSQL's superuser postgres, for the agent's setup" },
    { name: "postgres.app", reader: "root", purpose: "PostgreSQL role of the services" },
    {
      name: "postgres.agent",
      reader: "agent",
      purpose: "PostgreSQL role of the agent: health checks, refresh of views",
    },
  ],
  versions: ({ postgres: { major } }) => [{ what: "PostgreSQL", package: `postgresql-${major}`, least: "15" }],
  memory: ({ postgres }) => ({ setting: "shared_buffers", share: postgres.sharedBuffers, setAside: 0.25 }),
  slim: {
    jit: {
      about: "LLVM, which only PostgreSQL's JIT uses; the JIT is off",
      what: "PostgreSQL's JIT compiler: LLVM, Z3 and the server's bitcode",
      saves: { raw: 158.2, gz: 57.2 },
      excludes: [
        "/usr/lib/*/libLLVM*",
        "/usr/lib/llvm-*/lib/libLLVM*",
        "/usr/lib/*/libz3.so*",
        "/usr/lib/postgresql/*/lib/bitcode/*",
        "/usr/lib/postgresql/*/lib/llvmjit*",
      ],
    },
  },
  // Debian's package makes a cluster when it is installed, unless it is told not to.
  identities: ["/var/lib/postgresql/*", "/etc/postgresql/*"],
  checks: {
    "postgres:roundtrip": {
      proves: "PostgreSQL writes a row and reads it back, and no snapshot holds back vacuum",
      observes: {
        unit: "transactions",
        metric: {
          name: "stack_postgres_oldest_snapshot_transactions",
          type: "gauge",
          help: "Transactions since the oldest snapshot, whose rows vacuum has to leave.",
        },
      },
      metrics,
    },
  },
  jobs: ["refresh-view"],
  connection: {
    addresses: ({ postgres: { address, port } }) => [`${address}:${port}`],
    environment: ({ postgres: { address, port, database, user } }) => [
      { name: "POSTGRES_HOST", value: address },
      { name: "POSTGRES_PORT", value: `${port}` },
      { name: "POSTGRES_DATABASE", value: database },
      { name: "POSTGRES_USER", value: user },
      { name: "POSTGRES_SCHEMA", value: "event_store" },
    ],
    credential: { name: "postgres_password", secret: "postgres.app" },
  },
  external: {
    ownSettings: ["port", "sharedBuffers"],
    jobs: ["refresh-view"],
    firstBoot: "the event store is created in PostgreSQL",
    secrets: ({ postgres: { admin, agentUser, user, secrets } }) => [
      { name: secrets.admin, description: `Password of ${admin} in PostgreSQL, for the agent's setup` },
      { name: secrets.app, description: `Password of the services' role ${user} in PostgreSQL` },
      { name: secrets.agent, description: `Password of the agent's role ${agentUser} in PostgreSQL`, reader: "agent" },
    ],
    files: ({ postgres }) => migrationFiles(postgres),
    connection: {
      addresses: ({ postgres: { external } }) => (external?.addresses ?? []).map(addressText),
      environment: ({ postgres: { external, database, user } }) => [
        ...serverVariables(external),
        { name: "POSTGRES_DATABASE", value: database },
        { name: "POSTGRES_USER", value: user },
        { name: "POSTGRES_SCHEMA", value: "event_store" },
      ],
      credential: { name: "postgres_password", secret: "postgres_password", orEmpty: true },
    },
  },
  clustered: clusteredPostgres,
  ports: [{ setting: "port", what: "PostgreSQL" }],
  names: ({ postgres: { database, user, external, owner, agentUser, admin } }) => [
    ...(external === undefined
      ? []
      : [owner, agentUser, ...(admin === "postgres" ? [] : [admin])].map((name) => ({ what: `role ${name}` }))),
    { setting: "database", what: `database ${database}` },
    {
      setting: "user",
      what: `role ${user}`,
      // https://www.postgresql.org/docs/15/sql-createrole.html
      ...(user.startsWith("pg_") && { refused: "PostgreSQL keeps names that begin with pg_ for itself" }),
    },
  ],
  // What initdb makes, and the agent.
  ownNames: ({ postgres: { owner, agentUser } }) =>
    ["database postgres", "database template0", "database template1", "role postgres"].concat(
      [owner, agentUser].map((name) => `role ${name}`),
    ),
  units: () => [{ unit: "postgresql.service", want: "enabled", wantedBy: "multi-user.target" }],
  processes: ({ name, postgres, backup }) => [process(name, postgres, backup)],
  files: ({ postgres }) => files(postgres),
};

function process(name: string, postgres: PostgresModel, backup: BackupModel | undefined): Process {
  const { unit, major, binDirectory, dataDirectory, configDirectory } = postgres;
  return {
    unit,
    logName: "postgresql",
    title: `PostgreSQL ${major} of ${name}`,
    template: { path: "units/postgresql.service.ejs" },
    user: "postgres",
    command: [`${binDirectory}/postgres`, "-D", dataDirectory, "-c", `config_file=${configDirectory}/postgresql.conf`],
    reloadSignal: "SIGHUP",
    ready: "notify",
    startWithin: { value: Infinity, why: "Recovery after a power cut takes as long as it takes." },
    stop: {
      value: { signal: "SIGINT", mainOnly: true, within: 120 },
      why: "SIGINT is PostgreSQL's fast shutdown: sessions end, a checkpoint is written.",
    },
    restart: "on-failure",
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
    // What archives is its child.
    ...(backup?.target.kind === "s3" && { sandbox: { network: "any" as const } }),
    writable: [dataDirectory, "/run/postgresql", ...(backup === undefined ? [] : archiveFolders(backup))],
  };
}

function files(postgres: PostgresModel): DeclaredFile[] {
  return [...serverFiles(postgres), ...migrationFiles(postgres)];
}
