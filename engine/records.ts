import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { deserialize, serialize } from "node:v8";
import { StackError } from "../lib/error.ts";

/*
 * What a component hands over record by record: a line each, the value as V8 writes it, in base64; so buffers, dates and
 * great numbers come through as they are. The last line says how many there were: a stream that was cut off has none.
 */

/** Writes a record; waits where the reader is behind. */
export async function writeRecord(output: Writable, record: unknown): Promise<void> {
  if (!output.write(`${serialize(record).toString("base64")}\n`)) await once(output, "drain");
}

export async function writeEnd(output: Writable, records: number): Promise<void> {
  if (!output.write(`end ${records}\n`)) await once(output, "drain");
}

/** @throws StackError `handover-cut-off` where the end is missing */
export async function* readRecords<T>(input: Readable): AsyncGenerator<T> {
  let records = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line === `end ${records}`) return;
    const record = recordOf(line);
    if (record === undefined) break;
    records += 1;
    yield record.value as T;
  }
  throw new StackError("handover-cut-off", `it was cut off after ${records} records`);
}

/** Undefined of half a line. */
function recordOf(line: string): { readonly value: unknown } | undefined {
  try {
    return { value: deserialize(Buffer.from(line, "base64")) };
  } catch {
    return undefined;
  }
}
