import type { Component, DeclaredFile } from "../component.ts";
import { buildFile } from "../system/component.ts";
import { migrationFolder, type PostgresModel, postgresModel } from "./model.ts";
import { postgresSettings } from "./settings.ts";

const overlay = "rootfs-overlay/etc/postgresql";

/** PostgreSQL: one cluster, MAJOR/main as Debian's tools know it, made on the instance. */
export const postgres: Component<"postgres", typeof postgresSettings, PostgresModel> = {
  name: "postgres",
  label: "PostgreSQL",
  kind: "datastore",
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
  packages: ({ debian }) => ["libpq5", "postgresql-common", `postgresql-${debian.postgres}`],
  secrets: () => [
    { name: "postgres.superuser", reader: "root", purpose: "PostgreSQL's superuser postgres, for the agent's setup" },
    { name: "postgres.app", reader: "root", purpose: "PostgreSQL role of the services" },
    {
      name: "postgres.agent",
      reader: "agent",
      purpose: "PostgreSQL role of the agent: health checks, refresh of views",
    },
  ],
  credential: { name: "postgres_password", secret: "postgres.app" },
  ports: [{ setting: "port", what: "PostgreSQL" }],
  names: ({ postgres: { database, user } }) => [
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
  units: ({ postgres: { unit } }) => [
    { unit: "postgresql.service", want: "enabled", wantedBy: "multi-user.target" },
    { unit, want: "enabled", wantedBy: "multi-user.target", running: true },
  ],
  files: ({ postgres }) => files(postgres),
};

function files(postgres: PostgresModel): DeclaredFile[] {
  const { configDirectory: etc, unit } = postgres;
  const hidden = { mode: 0o640, owner: "root:postgres" };
  return [
    {
      ...buildFile("/etc/postgresql-common/createcluster.d/stack.conf", `${overlay}-common/createcluster.d/stack.conf`),
      beforePackages: true,
    },
    folder(`/etc/postgresql/${postgres.major}`),
    folder(etc),
    folder(`${etc}/conf.d`),
    { ...buildFile(`${etc}/postgresql.conf`, `${overlay}/cluster/postgresql.conf.ejs`), unit },
    { ...buildFile(`${etc}/pg_hba.conf`, `${overlay}/cluster/pg_hba.conf.ejs`), ...hidden, unit },
    { ...buildFile(`${etc}/pg_ident.conf`, `${overlay}/cluster/pg_ident.conf`), ...hidden, unit },
    buildFile(`${etc}/start.conf`, `${overlay}/cluster/start.conf`),
    buildFile(`${etc}/environment`, `${overlay}/cluster/environment`),
    { ...buildFile(`${etc}/conf.d/memory.conf`, `${overlay}/cluster/conf.d/memory.conf.ejs`), when: "boot", unit },
    folder(migrationFolder),
    ...postgres.migrations.map((migration) =>
      buildFile(migration.path, `rootfs-overlay${migrationFolder}/${migration.name}.sql.ejs`),
    ),
    { ...buildFile(`/etc/systemd/system/${unit}`, "units/postgresql.service.ejs"), unit },
  ];
}

function folder(path: string) {
  return { path, kind: "directory", mode: 0o755, owner: "root:root", when: "build" } as const;
}
