import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import t from "tap";
import { readRecords, writeEnd, writeRecord } from "../../engine/records.ts";

async function written(...records: readonly unknown[]): Promise<Buffer> {
  const stream = new PassThrough();
  const all = buffer(stream);
  for (const record of records) await writeRecord(stream, record);
  await writeEnd(stream, records.length);
  stream.end();
  return all;
}

async function read(bytes: Buffer): Promise<unknown[]> {
  const records: unknown[] = [];
  for await (const record of readRecords(Readable.from([bytes]))) records.push(record);
  return records;
}

t.test("what is written is read as it was: bytes, dates, numbers beyond a double's", async (t) => {
  const records = [{ key: Buffer.from([0, 10, 255]), at: new Date(5) }, { large: 2n ** 63n, text: "é\n" }, null];
  const [first, ...others] = (await read(await written(...records))) as [{ key: Uint8Array; at: Date }, ...unknown[]];
  t.same([...first.key], [0, 10, 255]);
  t.same(first.at, new Date(5));
  t.same(others, records.slice(1));
});

t.test("a stream that was cut off anywhere is told as that", async (t) => {
  const whole = await written({ a: 1 }, { b: 2 });
  const lines = whole.toString().split("\n");
  for (const cut of [0, lines[0]?.length ?? 0, whole.length - 3]) {
    await t.rejects(read(whole.subarray(0, cut)), { code: "handover-cut-off" }, `${cut} bytes`);
  }
});
