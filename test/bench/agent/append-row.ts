import type { Machine } from "../../container/boot.ts";

import { required } from "../../container/required.ts";
import type { Figure, Row } from "../row.ts";

const clients = 8;
const seconds = 5;
const turns = 3;
const data = `{"price": 1.5, "symbol": "ACME", "n": 12345}`;

/** The same event: by the one way in, and past it, without order, check, hint or idempotency. */
const scripts = {
  append: `SELECT global_position FROM event_store.append('bench', gen_random_uuid()::text, 0,
    '[{"event_type": "bench", "event_data": ${data}}]');`,
  plain: `INSERT INTO event_store.events
    (event_id, event_type, aggregate_type, aggregate_id, event_version, event_data, metadata)
    VALUES (gen_random_uuid(), 'bench', 'bench', gen_random_uuid()::text, 1, '${data}', '{}');`,
} as const;

/** Appends in turns with plain inserts into the same table, so that a busy spell hits both. */
export function appendRow(machine: () => Promise<Machine>): Row {
  return {
    name: "append",
    title: `events appended, ${clients} clients`,
    target: { atMost: 2, unit: "×" },
    measure: async () => {
      const site = await machine();
      const rates: Record<keyof typeof scripts, number[]> = { append: [], plain: [] };
      for (let turn = 0; turn < turns; turn += 1) {
        for (const name of ["plain", "append"] as const) rates[name].push(await rate(site, scripts[name]));
      }
      const [append, plain] = [most(rates.append), most(rates.plain)];
      return {
        figure: append,
        reference: { ...plain, what: "pgbench, plain inserts" },
        compared: { value: plain.value / append.value, unit: "×" },
      };
    },
  };
}

/** Transactions a second. The superuser: nobody else may insert. */
async function rate(machine: Machine, script: string): Promise<number> {
  const { port, database, binDirectory } = required.postgres;
  const login = `-h 127.0.0.1 -p ${port} -U postgres`;
  const pgbench = `${binDirectory}/pgbench ${login} -n -M prepared -c ${clients} -j 2 -T ${seconds} -f /dev/stdin`;
  const text = await machine.sh(
    `PGPASSWORD=$(cat /var/lib/stack-agent/secrets/postgres.superuser) ${pgbench} ${database} <<'END'\n${script}\nEND\n`,
    { timeout: 60_000 },
  );
  const [, found] = /^tps = ([\d.]+)/m.exec(text) ?? [];
  if (found === undefined) throw new Error(`pgbench says no rate: ${text.slice(0, 200)}`);
  return Number(found);
}

function most(samples: readonly number[]): Figure {
  return { value: Math.max(...samples), unit: "/s", samples };
}
