import t from "tap";
import { parseClusterNodes, slotShares, subtractSlots } from "../../../../components/redis/agent/cluster-nodes.ts";
import { isWhole, type NodeView, planCluster } from "../../../../components/redis/agent/plan-cluster.ts";
import { differsByPassword } from "../../../../components/redis/agent/redis-password.ts";
import { planRedis, type RedisFacts } from "../../../../components/redis/agent/stage.ts";
import type { FileFacts } from "../../../../engine/facts/fact-reader.ts";
import { asSealed } from "../../../../engine/secrets/sealed.ts";
import type { FileEntry } from "../../../../stack/model.ts";
import { activeUnit } from "../../../engine/facts/active-unit.ts";
import { stackModel } from "../../../stack/stack-model.ts";

const { redis } = stackModel();
if (redis === undefined) throw new TypeError("the default stack has Redis");

const ports = [6379, 6380, 6381];
const component: RedisFacts["component"] = { files: [], specs: [], units: new Map() };

/** A node's line in CLUSTER NODES. */
const line = (id: string, port: number, flags: string, slots = ""): string =>
  `${id} 127.0.0.1:${port}@${port + 10000},host ${flags} - 0 1700000000000 1 connected ${slots}`.trim();

const view = (port: number, epoch: number, lines: readonly string[]): NodeView => ({
  port,
  epoch,
  nodes: parseClusterNodes(`${lines.join("\n")}\n`),
});

const shares = ["0-5460", "5461-10922", "10923-16383"];
const ids = ["aaa", "bbb", "ccc"];

/** What node `own` of a whole cluster knows. */
const whole = (own: number): NodeView =>
  view(
    ports[own] ?? 0,
    own + 1,
    ports.map((port, index) => line(ids[index] ?? "", port, index === own ? "myself,master" : "master", shares[index])),
  );

t.test("shares are contiguous, cover all slots, and differ by at most one", (t) => {
  for (const count of [3, 4, 5, 6, 7, 16]) {
    const ranges = slotShares(count);
    const sizes = ranges.map(([first, last]) => last - first + 1);
    t.equal(ranges[0]?.[0], 0);
    t.equal(ranges.at(-1)?.[1], 16383);
    t.equal(
      sizes.reduce((a, b) => a + b),
      16384,
    );
    t.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
  }
  t.end();
});

t.test("slots taken away leave the rest, whatever their order", (t) => {
  const table: [taken: [number, number][], left: [number, number][]][] = [
    [[], [[10, 20]]],
    [[[10, 20]], []],
    [[[0, 100]], []],
    [
      [[15, 15]],
      [
        [10, 14],
        [16, 20],
      ],
    ],
    [
      [
        [18, 30],
        [0, 11],
      ],
      [[12, 17]],
    ],
    [
      [
        [12, 16],
        [14, 18],
      ],
      [
        [10, 11],
        [19, 20],
      ],
    ],
    [[[30, 40]], [[10, 20]]],
  ];
  for (const [taken, left] of table) t.same(subtractSlots([10, 20], taken), left, JSON.stringify(taken));
  t.end();
});

t.test("CLUSTER NODES is read: flags, port, slots, and slots in migration left out", (t) => {
  t.match(
    parseClusterNodes(
      `${line("aaa", 6379, "myself,master", "0-99 200 [300->-bbb]")}\nddd :0@0 master,noaddr - 1 1 0 disconnected\n`,
    ),
    [
      {
        id: "aaa",
        port: 6379,
        myself: true,
        noaddr: false,
        slots: [
          [0, 99],
          [200, 200],
        ],
      },
      { id: "ddd", port: 0, myself: false, noaddr: true, slots: [] },
    ],
  );
  t.end();
});

t.test("three fresh nodes get epochs, shares and each other", (t) => {
  const steps = planCluster(ports.map((port, index) => view(port, 0, [line(ids[index] ?? "", port, "myself,master")])));
  t.same(steps.forget, []);
  t.same(
    steps.epochs.map(({ epoch }) => epoch),
    [1, 2, 3],
  );
  t.same(
    steps.slots.map(({ ranges }) => ranges),
    slotShares(3).map((share) => [share]),
  );
  t.equal(steps.meet.length, 6);
  t.end();
});

t.test("a whole cluster needs nothing, not even while it is down", (t) => {
  t.ok(isWhole(planCluster([whole(0), whole(1), whole(2)])));
  t.end();
});

t.test("stopped after some slots, it goes on with the others", (t) => {
  const steps = planCluster([
    view(6379, 1, [line("aaa", 6379, "myself,master", "0-99"), line("zzz", 6380, "handshake")]),
    view(6380, 2, [line("bbb", 6380, "myself,master", "5461-10922")]),
    view(6381, 0, [line("ccc", 6381, "myself,master")]),
  ]);
  t.same(steps.slots, [
    { port: 6379, ranges: [[100, 5460]] },
    { port: 6381, ranges: [[10923, 16383]] },
  ]);
  t.same(steps.epochs, [{ port: 6381, epoch: 3 }], "an epoch is set on a fresh node only");
  t.same(steps.forget, [], "a handshake is not a lost node");
  t.end();
});

t.test("a node that came back empty is known anew, its old self forgotten, its slots given again", (t) => {
  const steps = planCluster([whole(0), view(6380, 0, [line("new", 6380, "myself,master")]), whole(2)]);
  t.same(steps.forget, [
    { port: 6379, id: "bbb" },
    { port: 6381, id: "bbb" },
  ]);
  t.same(steps.slots, [{ port: 6380, ranges: [[5461, 10922]] }]);
  t.match(steps.meet, [
    { port: 6379, other: 6380 },
    { port: 6380, other: 6379 },
    { port: 6380, other: 6381 },
    { port: 6381, other: 6380 },
  ]);
  t.end();
});

t.test("a node added by hand on another port keeps its slots and is left alone", (t) => {
  const moved = ["0-5000", "5461-10922", "10923-16383"];
  const views = [0, 1, 2].map((own) =>
    view(ports[own] ?? 0, own + 1, [
      ...ports.map((port, n) => line(ids[n] ?? "", port, n === own ? "myself,master" : "master", moved[n])),
      line("ddd", 7000, "master", "5001-5460"),
    ]),
  );
  t.ok(isWhole(planCluster(views)));
  t.end();
});

t.test("nothing is done to the cluster until every node answers", (t) => {
  const plan = planRedis(
    { component, nodes: [whole(0), { port: 6380, state: "down" }, whole(2)], failing: [], otherPassword: [] },
    redis,
  );
  t.same(plan.actions, []);
  t.equal(plan.unseen.length, 1);
  t.end();
});

t.test("a node that answers to another password is restarted with its own", (t) => {
  const plan = planRedis(
    { component, nodes: [whole(0), { port: 6380, state: "refused" }, whole(2)], failing: [], otherPassword: [] },
    redis,
  );
  t.match(plan.actions, [{ do: "restartUnits", args: { units: ["redis-server@6380.service"], wait: true } }]);
  t.end();
});

t.test("a node whose configuration has another password alone is given its own, and runs on", (t) => {
  const [, node] = redis.nodes;
  const unit = { ...activeUnit(node?.unit ?? ""), stale: false };
  const entry = {
    path: node?.config ?? "",
    mode: 0o640,
    owner: "root:redis",
    unit: unit.unit,
    kind: "file",
  } as FileEntry;
  const file: FileFacts = { entry, text: asSealed("port 6380\nrequirepass «secret:redis.auth»"), differs: ["content"] };
  const facts: RedisFacts = {
    component: { files: [file], specs: [], units: new Map([[unit.unit, unit]]) },
    nodes: [whole(0), { port: 6380, state: "refused" }, whole(2)],
    failing: [],
    otherPassword: [6380],
  };
  t.match(planRedis(facts, redis).actions, [{ do: "redisPassword", args: { port: 6380, path: node?.config } }]);
  t.equal(planRedis(facts, redis).actions.length, 1, "no restart");
  t.same(
    planRedis({ ...facts, otherPassword: [] }, redis).actions.map((action) => action.do),
    ["writeFile", "restartUnits"],
    "one that differs by more is restarted with it",
  );
  t.end();
});

t.test("a configuration is told from one with another password and from one that differs otherwise", (t) => {
  const wanted = asSealed("port 6380\nrequirepass «secret:redis.auth»\nmasterauth «secret:redis.auth»\n");
  const other = "0123456789abcdefghij";
  t.ok(differsByPassword(wanted, `port 6380\nrequirepass ${other}\nmasterauth ${other}\n`));
  for (const found of [
    `port 6381\nrequirepass ${other}\nmasterauth ${other}\n`,
    `port 6380\nrequirepass ${other}\nmasterauth ${other}\nappendonly no\n`,
    `port 6380\nrequirepass short\nmasterauth ${other}\n`,
    `port 6380\nrequirepass ${other} extra\nmasterauth ${other}\n`,
    "",
  ])
    t.notOk(differsByPassword(wanted, found), found);
  t.end();
});
