/** RabbitMQ on three machines: which broker joins which, what waits for whom, and what is never done there. */
import t from "tap";
import { memberOf } from "../../../../components/rabbitmq/agent/cluster.ts";
import { judgeBrokers } from "../../../../components/rabbitmq/agent/members/clustered-check.ts";
import { planMember, preflightMember } from "../../../../components/rabbitmq/agent/members/clustered-stage.ts";
import type { Member, MemberFacts } from "../../../../components/rabbitmq/agent/members/inspect-member.ts";
import { planJoin } from "../../../../components/rabbitmq/agent/members/plan-join.ts";
import { memberFigures } from "../../../../components/rabbitmq/agent/read-figures.ts";
import { rabbitmqDefinitions } from "../../../../stack/components/rabbitmq/definitions.ts";
import { parseDefinition } from "../../../../stack/definition/parse.ts";
import { resolve } from "../../../../stack/resolve.ts";
import { clusterDefinition } from "../../../stack/components/cluster-definition.ts";

const { rabbitmq, cluster, name } = resolve(parseDefinition(clusterDefinition("rabbitmq: {}\n"), "stack.yaml"));
if (rabbitmq === undefined || cluster === undefined) throw new TypeError("no cluster");
const [a, b, c] = cluster.nodes;
if (a === undefined || b === undefined || c === undefined) throw new TypeError("three nodes");
const wanted = rabbitmqDefinitions(rabbitmq, name);

const brokers = ["rabbit@10.1.1.121", "rabbit@10.1.1.122", "rabbit@10.1.1.123"] as const;
const none = { users: [], vhosts: [], permissions: [], policies: [], exchanges: [], queues: [], bindings: [] };
const view = (...members: readonly string[]) => ({ members, running: members });

function member(change: Partial<Member> = {}): Member {
  const running = brokers.map((name) => ({ name, running: true }));
  return { held: none, brokers: running, khepri: true, queues: [], peers: new Map(), ...change };
}

/** Alone, with what the others say. */
function alone(
  own: string,
  peers: Readonly<Record<string, readonly string[] | undefined>>,
  queues: Member["queues"] = [],
): Member {
  const asked = Object.entries(peers).map(([name, members]) => [name, members && view(...members)] as const);
  return member({ brokers: [{ name: own, running: true }], peers: new Map(asked), queues });
}

const full = member({
  held: {
    ...wanted,
    users: wanted.users.map(({ name, tags }) => ({ name, tags, passwordMatches: true })),
    vhosts: wanted.vhosts.map((one) => ({ ...one })),
    permissions: wanted.permissions.map((one) => ({ ...one })),
    policies: wanted.policies.map((one) => ({ ...one })),
    exchanges: wanted.exchanges.map((one) => ({ ...one })),
    queues: wanted.queues.map((one) => ({ ...one })),
    bindings: wanted.bindings.map((one) => ({ ...one })),
  },
});

const facts = (broker: MemberFacts, place = a) => ({
  component: { files: [], specs: [], units: new Map() },
  ...{ place, broker, data: true },
});
const actions = (broker: MemberFacts, place = a) => planMember(facts(broker, place), rabbitmq, wanted).actions;

t.test("the others join the first, one after the other; the first waits for them", async (t) => {
  t.strictSame(planJoin(alone(brokers[0], { b: [brokers[1]], c: undefined }), a, cluster), { waitsFor: ["b", "c"] });
  t.strictSame(planJoin(alone(brokers[1], { a: undefined, c: [brokers[2]] }), b, cluster), { waitsFor: ["a"] });
  const first = { broker: brokers[0], remembered: false };
  t.strictSame(planJoin(alone(brokers[1], { a: [brokers[0]], c: [brokers[2]] }), b, cluster), first);
  const waiting = planJoin(alone(brokers[2], { a: [brokers[0]], b: [brokers[1]] }), c, cluster);
  t.strictSame(waiting, { waitsFor: ["b"] }, "two that join at once may each undo the other's");
  t.strictSame(
    planJoin(alone(brokers[2], { a: [brokers[0], brokers[1]], b: [brokers[0], brokers[1]] }), c, cluster),
    first,
  );
  t.strictSame(
    planJoin(alone(brokers[2], { a: [brokers[0]], b: undefined }), c, cluster),
    first,
    "one that is away is not waited for",
  );
});

t.test("a machine that lost its data joins the two others, also where it is the first", async (t) => {
  const peers = { b: brokers, c: brokers };
  const join = planJoin(alone(brokers[0], peers), a, cluster);
  t.strictSame(join, { broker: brokers[1], remembered: true });
  t.match(actions(alone(brokers[0], peers)), [
    { do: "joinBroker", args: { own: brokers[0], broker: brokers[1], remembered: true } },
  ]);
  t.strictSame(planJoin(alone(brokers[0], { b: brokers.slice(1), c: brokers.slice(1) }), a, cluster), {
    ...{ broker: brokers[1], remembered: false },
  });
});

t.test("a broker that holds queues joins nobody: they would be gone", async (t) => {
  const held = [{ name: "shop-till", type: "quorum", members: [brokers[1]] }];
  const broker = alone(brokers[1], { a: [brokers[0]], c: undefined }, held);
  t.match(preflightMember(broker, b, rabbitmq, wanted), [{ code: "broker-not-empty", message: /shop-till/ }]);
  t.notOk(actions(broker, b).some((action) => action.do === "joinBroker"));
});

t.test("nothing is declared before all three are there, so that each queue has a member on each", async (t) => {
  const two = member({ brokers: brokers.map((name, index) => ({ name, running: index < 2 })), khepri: false });
  t.match(preflightMember(two, a, rabbitmq, wanted), [{ message: /waits for c/, waits: true }]);
  const three = member({ khepri: false });
  t.strictSame(preflightMember(three, a, rabbitmq, wanted), []);
  t.strictSame(
    actions(three).map((action) => action.do),
    ["enableKhepri", "importDefinitions"],
  );
  t.strictSame(actions(full), [], "once it is there nothing is left to do");
  t.strictSame(preflightMember({ ...full, brokers: two.brokers }, a, rabbitmq, wanted), [], "and two go on");
});

t.test(
  "a machine that came back empty gets its members of streams; quorum queues RabbitMQ gives theirs itself",
  async (t) => {
    const queues = [
      { name: "shop-log", type: "stream", members: [brokers[1], brokers[2]] },
      { name: "shop-web", type: "stream", members: [...brokers] },
      { name: "shop-till", type: "quorum", members: [brokers[1], brokers[2]] },
    ];
    t.match(actions({ ...full, queues }), [{ do: "growStreams", args: { vhost: "/shop", streams: ["shop-log"] } }]);
    t.strictSame(actions({ ...full, queues }, b), []);
  },
);

t.test("a broker that can't start is told, and none of its files is set aside", async (t) => {
  const failing = ["** FATAL ** the log is damaged"];
  const plan = planMember({ ...facts("down"), failing }, rabbitmq, wanted);
  t.strictSame(plan.actions, []);
  t.match(plan.failing, [{ unit: rabbitmq.unit, says: /the log is damaged/, help: /journalctl/ }]);
  t.match(actions("stopped"), [{ do: "restartUnits", args: { units: [rabbitmq.unit] } }]);
  t.match(actions("refused"), [{ do: "importDefinitions" }]);
});

t.test("two of three brokers are a warning", async (t) => {
  const nodes = brokers.map((name, index) => ({ name, running: index !== 2 }));
  t.match(judgeBrokers(nodes, cluster), { status: "warn", code: "degraded", message: /^c \(rabbit@10.1.1.123\)/ });
  t.equal(
    judgeBrokers(
      brokers.map((name) => ({ name, running: true })),
      cluster,
    ),
    undefined,
  );
});

t.test("cluster status tells of a broker's place among three, figures of the queues' members", async (t) => {
  const queues = [{ name: "q", leader: brokers[0], online: [brokers[0], brokers[1]] }];
  const told = {
    brokers: [
      { name: brokers[0], running: true },
      { name: brokers[1], running: true, mem_alarm: true },
      { name: brokers[2], running: false },
    ],
    queues,
  };
  t.match(memberOf("a", brokers[0], told), { role: "running", status: "pass", message: "leads 1 of 1 queues" });
  t.match(memberOf("b", brokers[1], told), { status: "fail", message: /want of memory/ });
  t.match(memberOf("c", brokers[2], told), { role: "down", status: "fail" });
  t.match(memberOf("d", "rabbit@10.1.1.124", told), { role: "no member", status: "fail" });
  const back = told.brokers.map((one) => ({ ...one, running: true }));
  t.match(memberOf("c", brokers[2], { brokers: back, queues }), { status: "warn", message: /no member of q/ });
  t.strictSame(memberFigures(queues, told.brokers, { name: brokers[0] }, rabbitmq), {
    stack_rabbitmq_brokers_running: 2,
    stack_rabbitmq_queue_members_online: [{ labels: { queue: "q" }, value: 2 }],
    stack_rabbitmq_queue_led_here: [{ labels: { queue: "q" }, value: 1 }],
  });
});
