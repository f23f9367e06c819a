import type { Client } from "pg";
import { isErrno, StackError } from "../../../lib/error.ts";
import {
  addressesText,
  addressText,
  type ExternalServers,
  type ServerAddress,
} from "../../../stack/components/external.ts";

interface Droppable {
  readonly client: Client;
  drop(): void;
}

interface Refusal {
  readonly address: ServerAddress;
  readonly error: unknown;
}

/**
 * A connection to the one of several servers that takes writes, as libpq's `target_session_attrs=read-write`. All are
 * asked at once, unlike libpq: one that is off, and never answers, holds up nobody.
 *
 * @throws what the server said that came furthest; StackError `read-only` where all that answer are standbys
 */
export async function openWritable<Connection extends Droppable>(
  external: ExternalServers,
  signal: AbortSignal,
  open: (address: ServerAddress, signal: AbortSignal) => Promise<Connection>,
): Promise<Connection> {
  const { addresses } = external;
  const decided = new AbortController();
  const limited = AbortSignal.any([signal, decided.signal]);
  const refusals: Refusal[] = [];
  const tries = addresses.map(async (address) => {
    try {
      const connection = await open(address, limited);
      if (addresses.length > 1) await requireWrites(connection);
      return connection;
    } catch (error) {
      refusals.push({ address, error });
      throw error;
    }
  });
  const first = await Promise.any(tries).catch(() => undefined);
  decided.abort();
  // Of a pair that is split another takes writes too.
  for (const one of tries) {
    one.then(
      (connection) => connection !== first && connection.drop(),
      () => {},
    );
  }
  if (first !== undefined) return first;
  signal.throwIfAborted();
  throw furthest(refusals, external);
}

/** @throws StackError `read-only`, what the query throws; the connection is dropped then */
async function requireWrites(connection: Droppable): Promise<void> {
  try {
    const { rows } = await connection.client.query<{ writable: boolean }>(
      "select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off' as writable",
    );
    if (rows[0]?.writable !== true) throw new StackError("read-only", "the server takes no writes");
  } catch (error) {
    connection.drop();
    throw error;
  }
}

/** A server that says something tells more than one that is not reached, and that more than a standby. */
function furthest(refusals: readonly Refusal[], external: ExternalServers): unknown {
  const others = refusals.filter(({ error }) => !isErrno(error, "read-only"));
  const telling = others.find(({ error }) => !isErrno(error, ...unreached)) ?? others[0];
  if (telling === undefined) {
    return new StackError("read-only", `no server of ${addressesText(external)} takes writes`, {
      hint: "all of them are standbys, or read-only: see which should be the primary",
    });
  }
  const { address, error } = telling;
  if (external.addresses.length > 1 && error instanceof Error) {
    error.message = `${addressText(address)}: ${error.message}`;
  }
  return error;
}

const unreached = ["ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "ETIMEDOUT", "EAI_AGAIN"];
