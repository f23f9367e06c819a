import type { Machine } from "../../container/create-machine.ts";
import { required } from "../../container/required.ts";
import { once } from "../once.ts";
import type { Figure, Row } from "../row.ts";

const clients = 8;
const seconds = 4;
const turns = 3;
const batch = 10;
const data = `{"price": 1.5, "symbol": "ACME", "n": 12345}`;
const columns = "event_id, event_type, aggregate_type, aggregate_id, event_version, event_data, metadata";
const values = `gen_random_uuid(), 'bench', 'bench', gen_random_uuid()::text, 1, '${data}', '{}'`;

/** A transaction, and the events that one brings: the same event each. */
const ways = {
  /** Past the one way in: without order, check, hint or idempotency. */
  plain: { events: 1, script: `INSERT INTO event_store.events (${columns}) VALUES (${values});` },
  /** What an order of positions costs by itself: a lock that is held until the commit is on the disk. */
  ordered: {
    events: 1,
    script: `WITH lock AS MATERIALIZED (SELECT pg_advisory_xact_lock(1, 1))
      INSERT INTO event_store.events (${columns}) SELECT ${values} FROM lock;`,
  },
  append: { events: 1, script: append(1) },
  batch: { events: batch, script: append(batch) },
} as const;

type Way = keyof typeof ways;

/** Appends in turns with plain inserts into the same table, so that a busy spell hits all. */
export function appendRows(machine: () => Promise<Machine>): Row[] {
  const rates = once(async (): Promise<Readonly<Record<Way, Figure>>> => {
    const site = await machine();
    const samples: Record<Way, number[]> = { plain: [], ordered: [], append: [], batch: [] };
    for (let turn = 0; turn < turns; turn += 1) {
      for (const way of Object.keys(ways) as Way[]) samples[way].push(await rate(site, way));
    }
    const { plain, ordered, append, batch } = samples;
    return { plain: most(plain), ordered: most(ordered), append: most(append), batch: most(batch) };
  });
  const row = (name: string, title: string, way: Way, target?: Row["target"]): Row => ({
    name,
    title: `events appended, ${clients} clients${title}`,
    ...(target && { target }),
    measure: async () => {
      const { plain, [way]: figure } = await rates();
      return {
        figure,
        reference: { ...plain, what: "pgbench, plain inserts" },
        compared: { value: plain.value / figure.value, unit: "×" },
      };
    },
  });
  const half = { atMost: 2, unit: "×" } as const;
  return [
    row("append", ", one a call", "append", half),
    row("append-batch", `, ${batch} a call`, "batch", half),
    row("append-floor", ": inserts under a lock, no more", "ordered"),
  ];
}

function append(events: number): string {
  const event = `{"event_type": "bench", "event_data": ${data}}`;
  return `SELECT global_position FROM event_store.append('bench', gen_random_uuid()::text, 0,
    '[${Array.from({ length: events }, () => event).join(", ")}]');`;
}

/** Events a second. The superuser: nobody else may insert. */
async function rate(machine: Machine, way: Way): Promise<number> {
  const { port, database, binDirectory } = required.postgres;
  const { script, events } = ways[way];
  const login = `-h 127.0.0.1 -p ${port} -U postgres`;
  const pgbench = `${binDirectory}/pgbench ${login} -n -M prepared -c ${clients} -j 2 -T ${seconds} -f /dev/stdin`;
  const text = await machine.sh(
    `PGPASSWORD=$(cat /var/lib/stack-agent/secrets/postgres.superuser) ${pgbench} ${database} <<'END'\n${script}\nEND\n`,
    { timeout: 60_000 },
  );
  const [, found] = /^tps = ([\d.]+)/m.exec(text) ?? [];
  if (found === undefined) throw new Error(`pgbench says no rate: ${text.slice(0, 200)}`);
  return Number(found) * events;
}

function most(samples: readonly number[]): Figure {
  return { value: Math.max(...samples), unit: "/s", samples };
}
