/** Redis Cluster of three machines, two nodes on each: who is to do what, from what the nodes say. */
import t from "tap";
import { type ClusterNode, parseClusterNodes, slotShares } from "../../../../components/redis/agent/cluster-nodes.ts";
import { planClusteredRedis, preflightMembers } from "../../../../components/redis/agent/members/clustered-stage.ts";
import { judgeCluster } from "../../../../components/redis/agent/members/judge-cluster.ts";
import {
  isFormed,
  isWhole,
  type MemberView,
  planMembers,
} from "../../../../components/redis/agent/members/plan-members.ts";
import { planTakeover } from "../../../../components/redis/agent/members/plan-takeover.ts";
import { type Seat, seatName, seatsOf } from "../../../../components/redis/agent/members/seats.ts";
import { parseDefinition } from "../../../../stack/definition/parse.ts";
import { resolve } from "../../../../stack/resolve.ts";
import { clusterDefinition } from "../../../stack/components/cluster-definition.ts";

const { redis, cluster } = resolve(parseDefinition(clusterDefinition("redis: {}\n"), "stack.yaml"));
if (redis === undefined || cluster === undefined) throw new TypeError("no cluster");
const seats = seatsOf(cluster, redis);
const shares = slotShares(3);

const idOf = (seat: Seat): string => `id-${seatName(seat)}`;
const at = (name: string): Seat => {
  const found = seats.find((seat) => seatName(seat).endsWith(name));
  if (found === undefined) throw new TypeError(name);
  return found;
};

/** A node as the others know it; the masters are at home unless it is said. */
function node(seat: Seat, masters: readonly Seat[], more: Partial<ClusterNode> = {}): ClusterNode {
  const { address, port } = seat;
  const flags = { myself: false, handshake: false, noaddr: false, lost: false, failing: false };
  const master = masters.find(({ shard }) => shard === seat.shard);
  const share = shares[seat.shard];
  const role =
    master === seat
      ? { slots: share === undefined ? [] : [share] }
      : { slots: [], ...(master && { master: idOf(master) }) };
  return { id: idOf(seat), address, port, ...flags, ...role, ...more };
}

const home = seats.filter(({ isHome }) => isHome);

function views(
  masters: readonly Seat[] = home,
  change: (nodes: ClusterNode[], seat: Seat) => ClusterNode[] = (all) => all,
) {
  return seats.map((seat): MemberView => {
    const all = seats.map((one) => node(one, masters, { myself: one === seat }));
    return { seat, epoch: 1, nodes: change(all, seat) };
  });
}

/** A node that has never been in a cluster. */
function fresh(seat: Seat): MemberView {
  return { seat, epoch: 0, nodes: [{ ...node(seat, []), id: `new-${seatName(seat)}`, myself: true }] };
}

t.test("the two copies of a shard are on two machines, whichever of them is its master", async (t) => {
  t.equal(seats.length, 6);
  for (const shard of [0, 1, 2]) {
    const copies = seats.filter((seat) => seat.shard === shard);
    t.equal(new Set(copies.map(({ index }) => index)).size, 2, `shard ${shard}`);
  }
  for (const { index } of cluster.nodes)
    t.equal(seats.filter((seat) => seat.index === index && seat.isHome).length, 1, "a master a machine");
});

t.test("six new nodes are formed by the first machine alone, and only once all answer", async (t) => {
  const all = seats.map(fresh);
  const steps = planMembers(all, seats, 0);
  t.strictSame(
    steps.slots.map(({ seat, ranges }) => [seatName(seat), ranges]),
    home.map((seat, shard) => [seatName(seat), [shares[shard]]]),
  );
  t.equal(new Set(steps.epochs.map(({ epoch }) => epoch)).size, 6, "no two have one epoch");
  t.equal(steps.meet.length, 30);
  for (const index of [1, 2]) t.ok(isWhole(planMembers(all, seats, index)), "the others wait");
  t.ok(isWhole(planMembers(all.slice(0, 5), seats, 0)), "nor does it with five");
  const facts = (index: number, members: readonly MemberView[]) =>
    ({ component: { files: [], specs: [], units: new Map() }, failing: [], index, members }) as const;
  t.match(preflightMembers(facts(0, all.slice(0, 4)), redis), [{ message: /waits for c/, waits: true }]);
  t.match(preflightMembers(facts(1, all), redis), [{ message: /waits for a, which forms/, waits: true }]);
  t.strictSame(preflightMembers(facts(0, all), redis), []);
  t.match(planClusteredRedis(facts(0, all), redis).actions, [{ do: "redisMembers" }]);
  t.strictSame(planClusteredRedis(facts(1, views()), redis).actions, []);
});

t.test(
  "nodes that know each other get their roles: a master without slots becomes the other copy's replica",
  async (t) => {
    const met = views([], (all) =>
      all.map((one) => ({
        ...one,
        slots: home.filter((seat) => idOf(seat) === one.id).flatMap(({ shard }) => [shares[shard] ?? [0, 0]]),
      })),
    );
    const steps = planMembers(met, seats, 0);
    t.strictSame(
      steps.replicate.map(({ seat, master }) => [seatName(seat), master]),
      [
        ["10.1.1.121:6380", "id-10.1.1.123:6379"],
        ["10.1.1.122:6380", "id-10.1.1.121:6379"],
        ["10.1.1.123:6380", "id-10.1.1.122:6379"],
      ],
    );
    t.ok(isWhole(planMembers(views(), seats, 0)), "then nothing is left to do");
    t.ok(
      isWhole(planMembers(views([at("122:6380"), at("122:6379"), at("123:6379")]), seats, 1)),
      "nor after a failover",
    );
  },
);

t.test(
  "a machine that came back empty: met, and a replica of who has its slots now; who it was is forgotten",
  async (t) => {
    // Machine a has lost both its nodes' data; b's replica has its shard.
    const masters = [at("122:6380"), at("122:6379"), at("123:6379")];
    const others = views(masters).filter(({ seat }) => seat.index !== 0);
    const empty = seats.filter(({ index }) => index === 0).map(fresh);
    const steps = planMembers([...empty, ...others], seats, 0);
    t.ok(steps.meet.some(({ seat, other }) => seat === at("121:6379") && other === at("122:6379")));
    t.strictSame(steps.slots, [], "no slot is anybody else's");
    t.strictSame(steps.replicate, [], "not before it knows the others");
    t.equal(new Set(steps.forget.map(({ id }) => id)).size, 2);
    t.ok(steps.forget.every(({ id }) => id.startsWith("id-10.1.1.121")));

    const lost = others.map((view) => ({
      ...view,
      nodes: view.nodes.map((one) =>
        one.address === "10.1.1.121" ? { ...one, address: "", port: 0, noaddr: true } : one,
      ),
    }));
    t.strictSame(
      planMembers([...empty, ...lost], seats, 1).forget,
      planMembers([...empty, ...others], seats, 1).forget,
    );
    t.strictSame(planMembers([...empty.slice(1), ...lost], seats, 1).forget, [], "not while one may be it");

    const known = empty.map((view) => ({
      ...view,
      epoch: 2,
      nodes: [
        ...view.nodes,
        ...(others[0]?.nodes ?? [])
          .map((one) => ({ ...one, myself: false }))
          .filter(({ address }) => address !== "10.1.1.121"),
      ],
    }));
    const after = planMembers([...known, ...others], seats, 0);
    t.strictSame(
      after.replicate.map(({ seat, master }) => [seatName(seat), master]),
      [
        ["10.1.1.121:6379", "id-10.1.1.122:6380"],
        ["10.1.1.121:6380", "id-10.1.1.123:6379"],
      ],
    );
    t.strictSame(
      planMembers([...known, ...others], seats, 1).replicate,
      [],
      "its own agent does it, or the first machine's",
    );
  },
);

t.test("a lost node's slots are nobody's to take while its replica may have them", async (t) => {
  // Machine a is empty, and nobody has taken over yet: the others remember its master with its slots.
  const others = views().filter(({ seat }) => seat.index !== 0);
  const empty = seats.filter(({ index }) => index === 0).map(fresh);
  const steps = planMembers([...empty, ...others], seats, 0);
  t.strictSame(steps.slots, []);
  t.notOk(
    steps.forget.some(({ id }) => id === "id-10.1.1.121:6379"),
    "its replica is elected in its place",
  );
  const two = views().filter(({ seat }) => seat.index !== 2);
  t.strictSame(planMembers(two, seats, 0).slots, [], "a machine that is away has its slots");
});

t.test("a machine without a master takes one over from the machine that has two, once all are in step", async (t) => {
  const masters = [at("122:6380"), at("122:6379"), at("123:6379")];
  const own = (index: number, inSync = true, change = (all: ClusterNode[]) => all) =>
    views(masters, change)
      .filter(({ seat }) => seat.index === index)
      .map(({ seat, nodes }) => ({ seat, nodes, inSync }));
  t.equal(planTakeover(own(0), seats), at("121:6379"));
  t.equal(planTakeover(own(1), seats), undefined, "who has two gives none away by itself");
  t.equal(planTakeover(own(2), seats), undefined);
  t.equal(planTakeover(own(0, false), seats), undefined, "not while it is behind");
  const away = (all: ClusterNode[]) => all.map((one) => ({ ...one, failing: one.address === "10.1.1.123" }));
  t.equal(planTakeover(own(0, true, away), seats), undefined, "not while another one is away");
  const apart = views().filter(({ seat }) => seat.index === 0);
  t.equal(
    planTakeover(
      apart.map(({ seat, nodes }) => ({ seat, nodes, inSync: true })),
      seats,
    ),
    undefined,
  );
  // Every way three masters can be on two machines ends with one on each.
  for (const pick of Array.from({ length: 8 }, (_, bits) => bits)) {
    const now = [0, 1, 2].map(
      (shard) => seats.filter((seat) => seat.shard === shard)[(pick >> shard) & 1] ?? at("121:6379"),
    );
    for (const _ of [1, 2]) {
      for (const { index } of cluster.nodes) {
        const all = views(now).filter(({ seat }) => seat.index === index);
        const found = planTakeover(
          all.map(({ seat, nodes }) => ({ seat, nodes, inSync: true })),
          seats,
        );
        if (found !== undefined) now[found.shard] = found;
      }
    }
    t.equal(new Set(now.map(({ index }) => index)).size, 3, `from ${pick}`);
  }
});

t.test("two of three machines are a warning, slots that nobody serves a failure", async (t) => {
  const seen = (masters: readonly Seat[], change: (one: ClusterNode) => Partial<ClusterNode> = () => ({})) =>
    judgeCluster(
      (views(masters)[2]?.nodes ?? []).map((one) => ({ ...one, ...change(one) })),
      seats,
    );
  t.match(seen(home), { status: "pass" });
  const taken = [at("122:6380"), at("122:6379"), at("123:6379")];
  const gone = (one: ClusterNode) => (one.address === "10.1.1.121" ? { failing: true, lost: true } : {});
  t.match(seen(taken, gone), { status: "warn", code: "degraded", message: /^a \(10.1.1.121:6379\), a / });
  t.match(seen(home, gone), { status: "fail", code: "cluster-down", message: "10923 of 16384 slots are served" });
  const cut = (one: ClusterNode) => (one.address === "10.1.1.123" ? {} : { failing: true });
  t.match(seen(home, cut), { status: "fail", code: "cluster-down", message: /^1 of 3 masters can be reached/ });
  t.match(seen(taken), { status: "warn", code: "unbalanced", message: /^b has two masters/ });
  t.match(
    seen(home, (one) => (one.id === idOf(at("122:6380")) ? { master: idOf(at("123:6379")) } : {})),
    { status: "warn", code: "no-replica" },
  );
});

t.test("a line of CLUSTER NODES, of TLS too, with whose replica it is and whether it is lost", async (t) => {
  const text = `a1 10.1.1.121:6379@16379 slave,fail b2 0 1 3 connected
b2 10.1.1.122:6380@16380,,tls-port=6380 myself,master - 0 0 3 connected 0-5460
c3 :0@0 master,noaddr - 0 0 3 disconnected
`;
  t.match(parseClusterNodes(text), [
    { id: "a1", address: "10.1.1.121", port: 6379, master: "b2", lost: true, failing: true },
    { id: "b2", address: "10.1.1.122", port: 6380, myself: true, lost: false, slots: [[0, 5460]] },
    { id: "c3", noaddr: true, port: 0 },
  ]);
  t.ok(isFormed([{ seat: at("121:6379"), epoch: 3, nodes: parseClusterNodes(text) }]));
});
