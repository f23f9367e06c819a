import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { examineBroker } from "../../../../components/rabbitmq/agent/examine-broker.ts";
import {
  type BrokerFiles,
  brokerSays,
  mendBroker,
  type WalFile,
} from "../../../../components/rabbitmq/agent/mend-broker.ts";
import { readWal } from "../../../../components/rabbitmq/agent/read-wal.ts";

const head = Buffer.from("RAWA\u0001", "latin1");

/** RFC 1950, as Erlang reckons it. */
function adler32(bytes: Buffer): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return b * 65_536 + a;
}

/** A record as Ra writes it: with its writer's name the first time, else with its number alone. */
function record(index: number, entry: string, writer?: string): Buffer {
  const data = Buffer.concat([Buffer.alloc(16), Buffer.from(entry)]);
  data.writeBigUInt64BE(BigInt(index), 0);
  data.writeBigUInt64BE(1n, 8);
  const sums = Buffer.alloc(8);
  sums.writeUInt32BE(adler32(data), 0);
  sums.writeUInt32BE(data.length - 16, 4);
  const name = Buffer.from(writer ?? "");
  const known = writer === undefined ? Buffer.from([0x40, 0, 1]) : Buffer.from([0, 0, 1, 0, name.length]);
  return Buffer.concat([known, name, sums, data]);
}

const records = [record(1, "first", "2F_QUEUE"), record(2, "second"), record(3, "x".repeat(9000))];
const whole = Buffer.concat([head, ...records]);
/** Where the second record begins. */
const second = head.length + (records[0]?.length ?? 0);

const damaged = (at: number): Buffer => {
  const copy = Buffer.from(whole);
  copy.write("foreign", at);
  return copy;
};

t.test("a write-ahead log is read as the broker reads it", async (t) => {
  const path = join(t.testdir(), "00000001.wal");
  const table: [what: string, log: Buffer, state: string, sound: number, records: number][] = [
    ["whole", whole, "sound", whole.length, 3],
    ["with nothing in it but its head", head, "sound", head.length, 0],
    ["with zeros behind it", Buffer.concat([whole, Buffer.alloc(4096)]), "sound", whole.length, 3],
    ["cut", whole.subarray(0, -100), "sound", second + (records[1]?.length ?? 0), 2],
    ["empty", Buffer.alloc(0), "empty", 0, 0],
    ["cut in its head", head.subarray(0, 3), "empty", 0, 0],
    ["of another program", Buffer.concat([Buffer.from("RIFFx"), whole]), "foreign", 0, 0],
    ["zeros all over", Buffer.alloc(whole.length), "foreign", 0, 0],
    ["with foreign bytes in its second record", damaged(second + 30), "damaged", second, 1],
    ["with foreign bytes in its first record", damaged(head.length + 40), "damaged", head.length, 0],
    [
      "with foreign bytes in its last record",
      damaged(whole.length - 50),
      "sound",
      second + (records[1]?.length ?? 0),
      2,
    ],
  ];
  for (const [what, log, state, sound, count] of table) {
    await writeFile(path, log);
    t.strictSame(await readWal(path), { state, size: log.length, sound, records: count }, what);
  }
});

t.test("a log longer than what is read at once, with records longer than that, is read to its end", async (t) => {
  const path = join(t.testdir(), "00000001.wal");
  const long = [
    record(1, "y".repeat(5_000_000), "Q"),
    record(2, "z"),
    record(3, "w".repeat(4_190_000)),
    record(4, "v"),
  ];
  await writeFile(path, Buffer.concat([head, ...long]));
  t.match(await readWal(path), { state: "sound", records: 4 });
});

const folder = "/var/lib/rabbitmq/mnesia/rabbit@localhost";
const files = (other: Partial<BrokerFiles>): BrokerFiles => ({
  folder,
  wals: [],
  unreadable: [],
  metadata: ["schema.DAT"],
  ...other,
});
const wal = (other: Partial<WalFile>): WalFile => ({
  system: "quorum",
  path: `${folder}/${other.system ?? "quorum"}/rabbit@localhost/00000002.wal`,
  state: "sound",
  size: 1000,
  sound: 0,
  records: 0,
  ...other,
});
const crc = [
  "2026-11-29 13:32:59 [error] <0.317.0> WAL: record failed CRC check during recovery. Unable to recover WAL data safely",
];

t.test("each file that the broker doesn't start with has its own answer", async (t) => {
  const table: [what: string, files: BrokerFiles, words: string[], actions: string[]][] = [
    ["all is sound", files({ wals: [wal({})] }), [], []],
    [
      "an empty log of queues",
      files({ wals: [wal({ state: "empty", size: 0 })] }),
      [],
      ["setAside quorum/rabbit@localhost/00000002.wal"],
    ],
    [
      "a log of queues of another program",
      files({ wals: [wal({ state: "foreign" })] }),
      [],
      ["setAside quorum/rabbit@localhost/00000002.wal"],
    ],
    [
      "one damaged in the middle keeps what is before",
      files({ wals: [wal({ state: "damaged", sound: 700, records: 9 })] }),
      crc,
      ["cutFile quorum/rabbit@localhost/00000002.wal"],
    ],
    [
      "one damaged where the broker doesn't look",
      files({ wals: [wal({ state: "damaged", sound: 700, records: 9 })] }),
      ["boom"],
      [],
    ],
    [
      "an empty log of the coordinator",
      files({ wals: [wal({ system: "coordination", state: "empty" })] }),
      [],
      ["setAside coordination"],
    ],
    [
      "and its tables too",
      files({
        wals: [wal({ system: "coordination", state: "empty" })],
        unreadable: [
          `${folder}/coordination/rabbit@localhost/meta.dets`,
          `${folder}/quorum/rabbit@localhost/meta.dets`,
        ],
      }),
      [],
      ["setAside quorum/rabbit@localhost/meta.dets", "setAside coordination"],
    ],
    [
      "tables and terms",
      files({
        unreadable: [
          `${folder}/quorum/rabbit@localhost/names.dets`,
          `${folder}/cluster_nodes.config`,
          `${folder}-feature_flags`,
        ],
      }),
      [],
      [
        "setAside quorum/rabbit@localhost/names.dets",
        "setAside cluster_nodes.config",
        `setAside ${folder}-feature_flags`,
      ],
    ],
    ["the schema", files({ unreadable: [`${folder}/schema.DAT`] }), [], ["setAside metadata"]],
    [
      "the schema, by the broker's word",
      files({}),
      ["** FATAL ** mnesia_tm crashed: {{badmatch,"],
      ["setAside metadata"],
    ],
    [
      "the table of decisions",
      files({}),
      ["** FATAL ** Possibly truncated decision_tab file: {corrupt_log_file,"],
      ["setAside DECISION_TAB.LOG"],
    ],
  ];
  for (const [what, found, words, actions] of table) {
    const mends = mendBroker({ words, files: found });
    const told = mends.map(
      ({ do: name, args }) => `${name} ${"path" in args ? args.path.replace(`${folder}/`, "") : ""}`,
    );
    t.strictSame(told, actions, what);
  }
  t.strictSame(mendBroker({ words: crc, files: undefined }), [], "a broker without a folder");
});

t.test("what is no table and no term is found, whatever became of it", async (t) => {
  const node = join(t.testdir(), "rabbit@localhost");
  const place = join(node, "quorum", "rabbit@localhost");
  await mkdir(place, { recursive: true });
  const dets = Buffer.from("0000160600abcdef00000000", "hex");
  const write = async (names: Record<string, string | Buffer>): Promise<void> => {
    for (const [name, text] of Object.entries(names)) await writeFile(join(node, name), text);
  };
  const sound = {
    "schema.DAT": dets,
    "quorum/rabbit@localhost/meta.dets": dets,
    "quorum/rabbit@localhost/names.dets": dets,
    "cluster_nodes.config": "{[rabbit@localhost],[rabbit@localhost]}.\n",
    nodes_running_at_shutdown: "[rabbit@localhost].\n\0\0\0",
    schema_version: "[{rabbit,[exclusive_queue,\n topic]}].\n",
  };
  await write(sound);
  t.match(await examineBroker(node), { folder: node, wals: [], unreadable: [] });
  for (const [name, text] of Object.entries(sound)) {
    const length = Buffer.from(text).length;
    for (const broken of [
      Buffer.alloc(0),
      Buffer.alloc(length),
      Buffer.from(text).fill(0xb7, 2, 9),
      Buffer.from(text).subarray(0, 5),
    ]) {
      await write({ [name]: broken });
      t.match(await examineBroker(node), { unreadable: [join(node, name)] }, `${name} of ${broken.length} bytes`);
    }
    await write({ [name]: text });
  }
  await writeFile(`${node}-feature_flags`, "");
  t.match(await examineBroker(node), { unreadable: [`${node}-feature_flags`] });
  t.equal(await examineBroker(join(node, "nowhere")), undefined);
});

t.test("of a report of many lines the one is told that says why", async (t) => {
  const prefix = "2026-11-29 13:42:11.232412+00:00 [error] <0.216.0>";
  const table: [words: string[], says: string][] = [
    [
      [`${prefix} BOOT FAILED`, `${prefix} throw:{error,corrupt_cluster_status_files,[]}`, "Runtime terminating"],
      "throw:{error,corrupt_cluster_status_files,[]}",
    ],
    [
      [`${prefix}     errorContext: start_error`, `${prefix}     reason: {bad_return_value,{case_clause,eof}}`],
      "{bad_return_value,{case_clause,eof}}",
    ],
    [
      [`${prefix}  ** FATAL ** Possibly truncated decision_tab file: {corrupt_log_file,`],
      "Possibly truncated decision_tab file: {corrupt_log_file,",
    ],
    [["said nothing else"], "said nothing else"],
    [[], ""],
  ];
  for (const [words, says] of table) t.equal(brokerSays(words), says);
});
