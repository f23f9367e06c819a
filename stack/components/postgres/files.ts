import type { DeclaredFile } from "../component.ts";
import { buildFile } from "../system/component.ts";
import { migrationFolder, type PostgresModel } from "./model.ts";

const overlay = "rootfs-overlay/etc/postgresql";

/** Of a server that Debian's tools know as MAJOR/main. */
export function serverFiles(postgres: PostgresModel): DeclaredFile[] {
  const { configDirectory: etc } = postgres;
  return [
    noClusterOfPackages,
    folder(`/etc/postgresql/${postgres.major}`),
    folder(etc),
    folder(`${etc}/conf.d`),
    ...configFiles(postgres),
    buildFile(`${etc}/start.conf`, `${overlay}/cluster/start.conf`),
    buildFile(`${etc}/environment`, `${overlay}/cluster/environment`),
    memoryFile(postgres),
  ];
}

/** Of a server that Patroni runs: it writes files of its own beside its data, which read these. */
export function patroniFiles(postgres: PostgresModel): DeclaredFile[] {
  const { configDirectory: etc, unit, patroni, dataDirectory } = postgres;
  if (patroni === undefined) return [];
  const { config, etcd } = patroni;
  const overlay = "rootfs-overlay/etc";
  return [
    noClusterOfPackages,
    folder(etc),
    folder(`${etc}/conf.d`),
    ...configFiles(postgres),
    memoryFile(postgres),
    {
      ...buildFile(config, `${overlay}/patroni/config.yml.ejs`),
      ...{ mode: 0o640, owner: "root:postgres", when: "boot", unit },
    },
    { ...folder(dataDirectory.replace(/\/[^/]+$/, "")), owner: "postgres:postgres", when: "boot" },
    folder("/etc/etcd"),
    {
      ...buildFile(etcd.config, `${overlay}/etcd/stack.yml.ejs`),
      ...{ mode: 0o640, owner: "root:etcd", when: "boot", unit: etcd.unit },
    },
    // The package makes it with its account, which is there before the package.
    { ...folder(etcd.dataDirectory.replace(/\/[^/]+$/, "")), mode: 0o750, owner: "etcd:etcd", when: "boot" },
    { ...folder(etcd.dataDirectory), mode: 0o700, owner: "etcd:etcd", when: "boot" },
  ];
}

export function migrationFiles({ migrations }: PostgresModel): DeclaredFile[] {
  return [
    folder(migrationFolder),
    ...migrations.map(({ path, name }) => buildFile(path, `rootfs-overlay${migrationFolder}/${name}.sql.ejs`)),
  ];
}

const noClusterOfPackages: DeclaredFile = {
  ...buildFile("/etc/postgresql-common/createcluster.d/stack.conf", `${overlay}-common/createcluster.d/stack.conf`),
  beforePackages: true,
};

function configFiles({ configDirectory: etc, unit }: PostgresModel): DeclaredFile[] {
  const hidden = { mode: 0o640, owner: "root:postgres" };
  return [
    { ...buildFile(`${etc}/postgresql.conf`, `${overlay}/cluster/postgresql.conf.ejs`), unit },
    { ...buildFile(`${etc}/pg_hba.conf`, `${overlay}/cluster/pg_hba.conf.ejs`), ...hidden, unit },
    { ...buildFile(`${etc}/pg_ident.conf`, `${overlay}/cluster/pg_ident.conf`), ...hidden, unit },
  ];
}

function memoryFile({ configDirectory: etc, unit }: PostgresModel): DeclaredFile {
  return {
    ...buildFile(`${etc}/conf.d/memory.conf`, `${overlay}/cluster/conf.d/memory.conf.ejs`),
    ...{ when: "boot", unit },
  };
}

function folder(path: string) {
  return { path, kind: "directory", mode: 0o755, owner: "root:root", when: "build" } as const;
}
