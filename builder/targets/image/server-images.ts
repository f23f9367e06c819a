import type { DependencyName, Model } from "../../../stack/model.ts";
import type { Entry } from "../../archive/archive-of-entries.ts";
import { type ContainerConfig, healthcheck, type ImageSpec, searchPath } from "./image-spec.ts";

/** Makes the cluster of a new volume, then becomes the server. */
const postgresEntrypoint = "/usr/local/bin/stack-postgres";

const brokerLog = "/etc/rabbitmq/conf.d/10-log.conf";

/** A check of health is a client that hangs up: of each the log would have three lines. */
const quiet = {
  kind: "text",
  text: "# Connections that come and go are not logged: checks of health are some.\nlog.connection.level = error\n",
} as const;

/** Programs of the images, by their names here. */
export interface ServerPrograms {
  readonly "postgres-entrypoint.sh": string;
  readonly "amqp-healthcheck.sh": string;
}

/** An image a component that has its servers in the stack, of Debian's own packages. */
export function serverImages(model: Model, programs: ServerPrograms): ImageSpec[] {
  const own = model.components.filter(({ external }) => external !== true);
  return own.map(({ name }) => ({ name, folders: [], ...makers[name](model, programs) }));
}

type Made = Omit<ImageSpec, "name" | "folders">;

const makers: Readonly<Record<DependencyName, (model: Model, programs: ServerPrograms) => Made>> = {
  postgres: (model, programs) => {
    const account = accountOf(model, "postgres");
    const major = model.postgres?.major ?? "";
    const bin = model.postgres?.binDirectory ?? "";
    const data = "/var/lib/postgresql/data";
    return {
      title: `PostgreSQL ${major} for ${model.name}`,
      packages: [`postgresql-${major}`, "locales"],
      files: [
        folder(data, 0o700, account),
        folder("/run/postgresql", 0o755, account),
        program(postgresEntrypoint, programs["postgres-entrypoint.sh"]),
      ],
      config: {
        ...common(account, data),
        Env: [
          searchPath.replace("PATH=", `PATH=${bin}:`),
          `LANG=${model.definition.locale}`,
          // Below the volume's own folder: what is made in one go is put in place in one go.
          `PGDATA=${data}/cluster`,
        ],
        ExposedPorts: { "5432/tcp": {} },
        Volumes: { [data]: {} },
        Entrypoint: [postgresEntrypoint],
        Cmd: ["postgres"],
        // Fast shutdown: sessions end, a checkpoint is written.
        StopSignal: "SIGINT",
        Healthcheck: healthcheck(["pg_isready", "--quiet"], { interval: 10, timeout: 5, start: 30, retries: 5 }),
      },
    };
  },
  redis: (model) => {
    const account = accountOf(model, "redis");
    return {
      title: `Redis for ${model.name}`,
      packages: ["redis-server", "redis-tools"],
      files: [folder("/data", 0o750, account)],
      config: {
        ...common(account, "/data"),
        Env: [searchPath],
        ExposedPorts: { "6379/tcp": {} },
        Volumes: { "/data": {} },
        Entrypoint: [],
        Cmd: ["redis-server", "--dir", "/data", "--logfile", ""],
        StopSignal: "SIGTERM",
        Healthcheck: healthcheck(["redis-cli", "ping"], { interval: 5, timeout: 3, start: 10, retries: 3 }),
      },
    };
  },
  rabbitmq: (model, programs) => {
    const account = accountOf(model, "rabbitmq");
    const data = "/var/lib/rabbitmq";
    const check = "/usr/local/bin/stack-healthcheck";
    return {
      title: `RabbitMQ for ${model.name}`,
      packages: ["rabbitmq-server"],
      files: [program(check, programs["amqp-healthcheck.sh"]), { path: brokerLog, mode: 0o644, content: quiet }],
      config: {
        ...common(account, data),
        Env: [searchPath, `HOME=${data}`, "LANG=C.UTF-8", "RABBITMQ_LOGS=-"],
        ExposedPorts: { "5672/tcp": {} },
        Volumes: { [data]: {} },
        Entrypoint: [],
        Cmd: ["/usr/lib/rabbitmq/bin/rabbitmq-server"],
        StopSignal: "SIGTERM",
        Healthcheck: healthcheck([check, "5672"], { interval: 10, timeout: 5, start: 60, retries: 5 }),
      },
    };
  },
  memcached: (model) => {
    const account = accountOf(model, "memcache");
    return {
      title: `memcached for ${model.name}`,
      packages: ["memcached"],
      files: [],
      config: {
        ...common(account, "/"),
        Env: [searchPath],
        ExposedPorts: { "11211/tcp": {} },
        Entrypoint: [],
        Cmd: ["memcached"],
        StopSignal: "SIGTERM",
      },
    };
  },
};

interface Account {
  readonly uid: number;
  readonly gid: number;
}

function accountOf({ packagedAccounts }: Model, name: string): Account {
  const account = packagedAccounts.find((one) => one.name === name);
  if (account === undefined) throw new TypeError(`no component declares the account ${name}`);
  return { uid: account.id, gid: account.user?.group ?? account.id };
}

function common({ uid, gid }: Account, folder: string): Pick<ContainerConfig, "User" | "WorkingDir"> {
  return { User: `${uid}:${gid}`, WorkingDir: folder };
}

function folder(path: string, mode: number, account: Account): Entry {
  return { path, mode, ...account, content: { kind: "directory" } };
}

function program(path: string, text: string): Entry {
  return { path, mode: 0o755, content: { kind: "text", text } };
}
