import t from "tap";
import { type AppendOnlyFiles, mendAppendOnly, type Part } from "../../../../components/redis/agent/append-only.ts";
import { type ClusterNode, slotShares } from "../../../../components/redis/agent/cluster-nodes.ts";
import { mendNode, nodeSays } from "../../../../components/redis/agent/mend-node.ts";
import { planStrangers } from "../../../../components/redis/agent/plan-strangers.ts";
import { planRedis, type RedisFacts } from "../../../../components/redis/agent/stage.ts";
import { activeUnit } from "../../../engine/facts/active-unit.ts";
import { stackModel } from "../../../stack/stack-model.ts";

const { redis } = stackModel();
const node = redis?.nodes[1];
if (redis === undefined || node === undefined) throw new TypeError("the default stack has Redis");

const folder = `${node.dataDirectory}/appendonlydir`;
const base = "appendonly.aof.2.base.rdb";
const incr = "appendonly.aof.2.incr.aof";
const manifest = `file ${base} seq 2 type b\nfile ${incr} seq 2 type i\n`;

const sound = (name: string, size = 100): Part => ({ name, size, sound: size, zeros: false });
const whole: AppendOnlyFiles = { folder, manifest, parts: [sound(base), sound(incr)], checked: true };
const zeroTail = { name: incr, size: 695, sound: 100, zeros: true };

/** Actions as "do PATH". */
const planned = (files: AppendOnlyFiles): string[] =>
  mendAppendOnly(files).map(
    ({ do: what, args }) => `${what} ${"path" in args ? args.path.replace(`${folder}/`, "") : ""}`,
  );

t.test("each kind of damage of the append-only files has its own answer, and a sound log none", async (t) => {
  const table: [what: string, files: AppendOnlyFiles, actions: string[]][] = [
    ["all is sound", whole, []],
    ["zeros behind the last increment", { ...whole, parts: [sound(base), zeroTail] }, [`cutFile ${incr}`]],
    [
      "foreign bytes in the last increment",
      { ...whole, parts: [sound(base), { ...zeroTail, zeros: false }] },
      [`cutFile ${incr}`],
    ],
    [
      "zeros behind the base",
      { ...whole, parts: [{ name: base, size: 200, sound: 100, zeros: true }, sound(incr)] },
      [`cutFile ${base}`],
    ],
    [
      "the base cut, or with foreign bytes in it",
      { ...whole, parts: [{ name: base, size: 200, sound: undefined, zeros: false }, sound(incr)] },
      [`setAside ${folder}`],
    ],
    [
      "foreign bytes in an increment with more behind it",
      {
        folder,
        checked: true,
        manifest: `${manifest}file appendonly.aof.3.incr.aof seq 3 type i\n`,
        parts: [sound(base), { ...zeroTail, zeros: false }, sound("appendonly.aof.3.incr.aof")],
      },
      [`setAside ${folder}`],
    ],
    ["a part is gone", { ...whole, parts: [sound(incr)] }, [`setAside ${folder}`]],
    [
      "the manifest is empty",
      { ...whole, manifest: "" },
      ["setAside appendonly.aof.manifest", "writeFile appendonly.aof.manifest"],
    ],
    [
      "the manifest is zeros",
      { ...whole, manifest: "\0".repeat(88) },
      ["setAside appendonly.aof.manifest", "writeFile appendonly.aof.manifest"],
    ],
    [
      "the manifest is cut",
      { ...whole, manifest: manifest.slice(0, -3) },
      ["setAside appendonly.aof.manifest", "writeFile appendonly.aof.manifest"],
    ],
    [
      "zeros behind the manifest",
      { ...whole, manifest: `${manifest}\0\0\0` },
      ["setAside appendonly.aof.manifest", "writeFile appendonly.aof.manifest"],
    ],
    ["the manifest is gone", { ...whole, manifest: undefined }, ["writeFile appendonly.aof.manifest"]],
    [
      "the manifest is gone, and zeros are behind the increment",
      { folder, manifest: undefined, checked: true, parts: [sound(base), zeroTail] },
      [`cutFile ${incr}`, "writeFile appendonly.aof.manifest"],
    ],
    [
      "the manifest is gone, and there are two bases",
      {
        folder,
        manifest: undefined,
        checked: true,
        parts: [sound(base), sound("appendonly.aof.3.base.rdb"), sound(incr)],
      },
      [`setAside ${folder}`],
    ],
    ["there is nothing in it", { folder, manifest: undefined, checked: true, parts: [] }, [`setAside ${folder}`]],
  ];
  for (const [what, files, actions] of table) t.strictSame(planned(files), actions, what);
});

t.test("where the tool may not look, nothing is said to be damaged, and provisioning is what helps", async (t) => {
  t.strictSame(planned({ ...whole, manifest: "", parts: [], checked: false }), []);
});

t.test("a manifest written anew names the parts in their order", async (t) => {
  const later = "appendonly.aof.10.incr.aof";
  const mends = mendAppendOnly({
    folder,
    manifest: "",
    checked: true,
    parts: [sound(later), sound(incr), sound(base)],
  });
  const text = mends.map((action) => (action.do === "writeFile" ? action.args.text : "")).join("");
  t.equal(text, `${manifest}file ${later} seq 10 type i\n`);
});

t.test("what is lost is said: nothing where only zeros go", async (t) => {
  t.match(mendAppendOnly({ ...whole, parts: [sound(base), zeroTail] }), [{ args: { bytes: 100, lost: /^nothing/ } }]);
  t.match(mendAppendOnly({ ...whole, parts: [sound(base), { ...zeroTail, zeros: false }] }), [
    { args: { bytes: 100, lost: "keys written in its last 595 bytes" } },
  ]);
});

const line = (text: string) => `4711:M 29 Nov 2026 13:30:57.816 ${text}`;

t.test("the server's own word decides where no tool of it does", async (t) => {
  const table: [what: string, words: string[], paths: string[]][] = [
    [
      "nodes.conf",
      [line("* monotonic clock"), line("# Unrecoverable error: corrupted cluster config file.")],
      [`${node.dataDirectory}/nodes.conf`],
    ],
    [
      "a folder there",
      [line("# Can't open nodes.conf in order to acquire a lock: Is a directory")],
      [`${node.dataDirectory}/nodes.conf`],
    ],
    [
      "a log that the tool can read",
      [line(`# Bad file format reading the append only file ${incr}: make a backup`)],
      [folder],
    ],
    [
      "the port",
      [line("# Could not create server TCP listening socket 127.0.0.1:6380: bind: Address already in use")],
      [],
    ],
    ["nothing", [], []],
  ];
  for (const [what, words, paths] of table) {
    const mends = mendNode({ port: node.port, words, log: whole }, node);
    t.strictSame(
      mends.map(({ args }) => ("path" in args ? args.path : "")),
      paths,
      what,
    );
  }
});

t.test("a line of its configuration, which may hold a password, is never its word", async (t) => {
  const words = [
    "*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***",
    "Reading the configuration file, at line 8",
    ">>> 'requirepass swordfish extra'",
    "wrong number of arguments",
  ];
  t.equal(nodeSays(words), "FATAL CONFIG FILE ERROR");
});

t.test(
  "a damaged node is stopped, mended and started; one that can't be mended is told with its last word",
  async (t) => {
    const unit = activeUnit(node.unit, { active: "activating", failing: true });
    const facts = (words: string[], log: AppendOnlyFiles): RedisFacts => ({
      component: { files: [], specs: [], units: new Map([[node.unit, unit]]) },
      nodes: redis.nodes.map(({ port }) => ({ port, state: "down" })),
      failing: [{ port: node.port, words, log }],
      otherPassword: [],
    });
    const mended = planRedis(facts([], { ...whole, parts: [sound(base), zeroTail] }), redis);
    t.match(mended.actions, [
      { do: "stopUnits", args: { units: [node.unit] } },
      { do: "cutFile" },
      { do: "startUnits", args: { units: [node.unit], wait: false } },
    ]);
    t.match(mended.failing, [{ unit: node.unit, help: "stack-agent provision" }]);
    const told = planRedis(facts([line("# Out Of Memory allocating 99 bytes!")], whole), redis);
    t.strictSame(told.actions, []);
    t.strictSame(told.failing, [
      { unit: node.unit, says: "Out Of Memory allocating 99 bytes!", help: `journalctl -b -u ${node.unit}` },
    ]);
  },
);

t.test("of two nodes with one identity the one whose slots are not its own gives it up", async (t) => {
  const shares = slotShares(3);
  const self = (id: string, share: number): ClusterNode => {
    const range = shares[share];
    const flags = { myself: true, handshake: false, noaddr: false, lost: false, failing: false };
    return { id, address: "127.0.0.1", port: 0, ...flags, slots: range === undefined ? [] : [range] };
  };
  const view = (index: number, id: string, share: number) => ({
    port: redis.nodes[index]?.port ?? 0,
    epoch: 1,
    nodes: [self(id, share)],
  });
  t.strictSame(planStrangers([view(0, "a", 0), view(1, "b", 1), view(2, "c", 2)], redis), []);
  const planned = planStrangers([view(0, "a", 0), view(1, "a", 0), view(2, "c", 2)], redis);
  t.match(planned, [
    { do: "stopUnits", args: { units: [node.unit] } },
    { do: "setAside", args: { path: `${node.dataDirectory}/nodes.conf` } },
    { do: "startUnits", args: { units: [node.unit] } },
  ]);
  t.equal(planned.length, 3);
});
