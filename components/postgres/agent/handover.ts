import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type { HandoverOptions, Moved } from "../../../engine/agent-part.ts";
import { isStackError, StackError } from "../../../lib/error.ts";
import { ensureFolder, exists, writeFileAtomic } from "../../../lib/files.ts";
import { tail } from "../../../lib/run.ts";
import { waitFor } from "../../../lib/wait.ts";
import type { PostgresModel } from "../../../stack/components/postgres/model.ts";

/*
 * The database goes as pg_dump writes it: any PostgreSQL takes what an older one has dumped. Meanwhile its data is
 * served, read only, to nobody but pg_dump, by a server that is started for it; the machine's own is stopped, and any
 * start of the machine starts it again.
 */

const folder = "/run/stack-agent/handover";
/** Milliseconds. */
const STOP = 600_000;
const DAY = 24 * 3_600_000;

export async function send(options: HandoverOptions, output: Writable): Promise<Moved> {
  const { run, signal } = options;
  const postgres = modelOf(options);
  await run("systemctl", ["stop", postgres.unit], { signal, timeout: STOP });
  return served(postgres, options, async (socket) => {
    const where = ["-h", socket, "-p", `${postgres.port}`];
    const roles = await asPostgres(options, ["pg_dumpall", ...where, "--roles-only"]);
    output.write(`${JSON.stringify({ roles })}\n`);
    await dump(["pg_dump", ...where, "--format=custom", "--compress=0", postgres.database], output, signal);
    return count(postgres, options, socket);
  });
}

export async function receive(options: HandoverOptions, input: Readable): Promise<Moved> {
  const postgres = modelOf(options);
  const socket = "/run/postgresql";
  const where = ["-h", socket, "-p", `${postgres.port}`, "-d", "postgres"];
  const { line, rest } = await firstLine(input);
  const { roles } = JSON.parse(line) as { roles: string };
  // Roles that are there already are the stack's own: only that they are is refused.
  await asPostgres(options, ["psql", "--no-psqlrc", "--quiet", ...where], roles);
  const drop = `drop database if exists "${postgres.database}" with (force)`;
  await asPostgres(options, ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", ...where, "-c", drop]);
  await restore(["pg_restore", ...where, "--create", "--exit-on-error"], rest, options.signal);
  return count(postgres, options, socket);
}

export async function end(options: HandoverOptions): Promise<void> {
  const { run, signal } = options;
  const postgres = modelOf(options);
  await stopServed(postgres, options);
  await run("systemctl", ["start", postgres.unit], { signal, timeout: STOP });
}

function modelOf({ model: { postgres } }: HandoverOptions): PostgresModel {
  if (postgres !== undefined) return postgres;
  throw new StackError("no-component", "this stack has no PostgreSQL");
}

/** Starts a server that nobody reaches for as long as `use` asks it. */
async function served<T>(
  postgres: PostgresModel,
  options: HandoverOptions,
  use: (socket: string) => Promise<T>,
): Promise<T> {
  const { dataDirectory, binDirectory, port } = postgres;
  const { signal } = options;
  await ensureFolder(folder, { mode: 0o755 });
  await writeFileAtomic(`${folder}/pg_hba.conf`, "local all postgres peer\n", { mode: 0o644 });
  await writeFileAtomic(`${folder}/pg_ident.conf`, "", { mode: 0o644 });
  const config = [
    `hba_file = '${folder}/pg_hba.conf'`,
    `ident_file = '${folder}/pg_ident.conf'`,
    "listen_addresses = ''",
    `unix_socket_directories = '${dataDirectory}'`,
    `port = ${port}`,
    `max_connections = ${postgres.maxConnections}`,
    "default_transaction_read_only = on",
    "autovacuum = off",
    "jit = off",
    "lc_messages = 'C'",
    "",
  ].join("\n");
  await writeFileAtomic(`${folder}/postgresql.conf`, config, { mode: 0o644 });
  const program = [`${binDirectory}/postgres`, "-D", dataDirectory, "-c", `config_file=${folder}/postgresql.conf`];
  const stopped = new AbortController();
  const server = options.run("runuser", ["-u", "postgres", "--", ...program], {
    ...{ cwd: "/", timeout: 7 * DAY, signal: AbortSignal.any([signal, stopped.signal]) },
  });
  let fault: unknown;
  const ended = server.then(
    () => undefined,
    (error: unknown) => {
      fault = error;
    },
  );
  try {
    const ask = ["psql", "--no-psqlrc", "-h", dataDirectory, "-p", `${port}`, "-d", "postgres", "-c", "select 1"];
    await waitFor(
      async () => {
        if (fault !== undefined) throw fault;
        return asPostgres(options, ask).then(
          () => true,
          () => false,
        );
      },
      { what: "PostgreSQL to serve its data to pg_dump", timeout: STOP, interval: 100, signal },
    );
    return await use(dataDirectory);
  } finally {
    await stopServed(postgres, { ...options, signal: new AbortController().signal });
    stopped.abort();
    await ended;
  }
}

/** No other server than that one can be it: the unit is stopped. */
async function stopServed({ dataDirectory, binDirectory, unit }: PostgresModel, options: HandoverOptions) {
  if (!(await exists(`${dataDirectory}/postmaster.pid`))) return;
  const { code } = await options.run("systemctl", ["is-active", "--quiet", unit], { accept: [0, 1, 3, 4] });
  if (code === 0) return;
  const stop = [`${binDirectory}/pg_ctl`, "stop", "-D", dataDirectory, "-m", "fast", "-w", "-t", "600"];
  await options.run("runuser", ["-u", "postgres", "--", ...stop], { cwd: "/", timeout: STOP, accept: [0, 1] });
}

/** What both sides count. */
async function count({ port, database }: PostgresModel, options: HandoverOptions, socket: string): Promise<Moved> {
  const text = "select count(*) || ' ' || coalesce(max(global_position), 0) from event_store.events";
  const ask = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "-h", socket, "-p", `${port}`, "-d", database];
  const [events, position] = (await asPostgres(options, [...ask, "-c", text])).trim().split(" ").map(Number);
  return { events: events ?? 0, position: position ?? 0 };
}

async function asPostgres({ run, signal }: HandoverOptions, argv: readonly string[], input = ""): Promise<string> {
  const { stdout } = await run("runuser", ["-u", "postgres", "--", ...argv], { cwd: "/", signal, timeout: DAY, input });
  return stdout;
}

async function dump(argv: readonly string[], output: Writable, signal: AbortSignal): Promise<void> {
  const child = spawn("runuser", ["-u", "postgres", "--", ...argv], {
    ...{ cwd: "/", signal, stdio: ["ignore", "pipe", "pipe"] as const },
  });
  const closed = once(child, "close");
  const said = text(child.stderr);
  await pipeline(child.stdout, output, { end: false });
  refuseFailed("pg_dump", ((await closed) as [number])[0], await said);
}

async function restore(argv: readonly string[], input: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
  const child = spawn("runuser", ["-u", "postgres", "--", ...argv], {
    ...{ cwd: "/", signal, stdio: ["pipe", "ignore", "pipe"] as const },
  });
  const closed = once(child, "close");
  const said = text(child.stderr);
  // It may end before it has read all: what it says is worth more than a broken pipe.
  await pipeline(input, child.stdin).catch((error: unknown) => {
    if (isStackError(error)) throw error;
  });
  refuseFailed("pg_restore", ((await closed) as [number])[0], await said);
}

function refuseFailed(program: string, code: number | null, said: string): void {
  if (code === 0) return;
  throw new StackError("database-not-moved", `${program} ended with ${code ?? "a signal"}`, { detail: tail(said) });
}

/** The first line of a stream, and what follows it, as it comes. */
async function firstLine(input: Readable): Promise<{ readonly line: string; readonly rest: AsyncIterable<Buffer> }> {
  const chunks = input[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const head: Buffer[] = [];
  for (;;) {
    const { value, done } = await chunks.next();
    if (done === true) throw new StackError("handover-cut-off", "what was to come did not come", {});
    const at = value.indexOf(0x0a);
    if (at < 0) {
      head.push(value);
      continue;
    }
    const line = Buffer.concat([...head, value.subarray(0, at)]).toString();
    const rest = async function* (): AsyncGenerator<Buffer> {
      yield value.subarray(at + 1);
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
    };
    return { line, rest: rest() };
  }
}
