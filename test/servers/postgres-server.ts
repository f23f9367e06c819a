import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openPostgres } from "../../components/postgres/agent/client.ts";
import type { StackWith } from "../../engine/stack-with.ts";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { budget } from "../../stack/budget.ts";
import type { PostgresModel } from "../../stack/components/postgres/model.ts";
import type { Model, Placed } from "../../stack/model.ts";
import { renderFile } from "../../stack/render/render-file.ts";
import { freePort } from "./free-port.ts";

export interface PostgresServer {
  /** The stack's model, with this server's folders and port, and the migrations rendered there. */
  readonly model: StackWith<"postgres">;
  readonly postgres: PostgresModel;
  readonly password: string;
  /** All that the server has logged. */
  log(): Promise<string>;
  start(): Promise<void>;
  /** Ends once it accepts connections. */
  ready(): Promise<void>;
  /** SIGINT, the fast shutdown. */
  stop(): Promise<void>;
  remove(): Promise<void>;
}

/** Why no server can run here, or "". */
export async function postgresObstacle(model: Model): Promise<string> {
  const { binDirectory, major } = postgresOf(model);
  const found = await readFile(`${binDirectory}/postgres`).catch(() => undefined);
  return found === undefined ? `PostgreSQL is not installed (apt-get install postgresql-${major})` : "";
}

/**
 * A PostgreSQL server of the test's own, with the very configuration of the stack but for
 * folders, port, memory and locale. Not as root: as `postgres` there, else as the tester.
 */
export async function postgresServer(model: Model): Promise<PostgresServer> {
  const declared = postgresOf(model);
  const folder = await mkdtemp("/tmp/stack-postgres-");
  await chmod(folder, 0o755);
  const postgres: Placed<PostgresModel> = {
    ...declared,
    port: await freePort(),
    dataDirectory: join(folder, "data"),
    configDirectory: join(folder, "etc"),
    migrations: declared.migrations.map((migration) => ({ ...migration, path: join(folder, `${migration.name}.sql`) })),
  };
  const own: StackWith<"postgres"> = { ...model, definition: { ...model.definition, locale: "C.UTF-8" }, postgres };
  const text = async (path: string): Promise<string> => {
    const entry = model.files.find((file) => file.path === path);
    if (entry === undefined) throw new TypeError(`${path} is not in the table of files`);
    const sources = new Map<string, string>();
    if (entry.template !== undefined) sources.set(entry.template, await readFile(entry.template, "utf8"));
    const shares = { ...budget(model, 4096), miB: { postgres: 64 } };
    return renderFile(entry, own, { templates: (source) => sources.get(source) ?? "", budget: shares });
  };
  const etc = declared.configDirectory;
  await mkdir(join(folder, "etc/conf.d"), { recursive: true });
  for (const file of ["postgresql.conf", "pg_hba.conf", "pg_ident.conf", "conf.d/memory.conf"]) {
    const rendered = (await text(`${etc}/${file}`)).replaceAll("/run/postgresql", folder);
    await writeFile(join(folder, "etc", file), rendered);
  }
  for (const [index, migration] of declared.migrations.entries()) {
    await writeFile(postgres.migrations[index]?.path ?? "", await text(migration.path));
  }
  const password = "superuser-of-the-test";
  await writeFile(join(folder, "password"), password);
  await asPostgres("chmod", ["-R", "a+rX", folder], { own: false });
  if (process.getuid?.() === 0) await run("chown", ["postgres:", folder]);
  await asPostgres(`${postgres.binDirectory}/initdb`, [
    `--pgdata=${postgres.dataDirectory}`,
    "--username=postgres",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--auth=scram-sha-256",
    `--pwfile=${join(folder, "password")}`,
    "--no-sync",
  ]);
  const log = join(folder, "log");
  let server: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    if (server === undefined || server.exitCode !== null) return;
    const ended = once(server, "exit");
    server.kill("SIGINT");
    await ended;
  };
  const ready = async (): Promise<void> => {
    await waitFor(
      async (signal) => {
        const login = { port: postgres.port, database: "postgres", user: "postgres", password };
        await (await openPostgres(login, signal)).close();
        return true;
      },
      { what: "PostgreSQL to accept connections", timeout: 60_000 },
    );
  };
  return {
    model: own,
    postgres,
    password,
    log: () => readFile(log, "utf8"),
    async start() {
      const [command, ...args] = commandLine(`${postgres.binDirectory}/postgres`, [
        "-D",
        postgres.dataDirectory,
        "-c",
        `config_file=${join(folder, "etc/postgresql.conf")}`,
        "-c",
        "fsync=off",
      ]);
      const written = await open(log, "a");
      server = spawn(command ?? "", args, { cwd: "/", stdio: ["ignore", "ignore", written.fd] });
      await written.close();
      await ready();
    },
    ready,
    stop,
    async remove() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function postgresOf(model: Model): Placed<PostgresModel> {
  if (model.postgres === undefined) throw new TypeError("this stack has no postgres");
  return model.postgres;
}

async function asPostgres(command: string, args: readonly string[], { own = true } = {}): Promise<void> {
  const [first = "", ...rest] = own ? commandLine(command, args) : [command, ...args];
  await run(first, rest, { cwd: "/" });
}

/** setpriv, unlike runuser, becomes the program: a signal to it is a signal to the server. */
function commandLine(command: string, args: readonly string[]): string[] {
  if (process.getuid?.() !== 0) return [command, ...args];
  return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", command, ...args];
}
