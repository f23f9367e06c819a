import t from "tap";
import { definitionsDrift, type Held } from "../../../../components/rabbitmq/agent/definitions-drift.ts";
import type { Broker } from "../../../../components/rabbitmq/agent/inspect.ts";
import { preflightQueues } from "../../../../components/rabbitmq/agent/preflight-queues.ts";
import { planRabbitmq, type RabbitmqFacts } from "../../../../components/rabbitmq/agent/stage.ts";
import { asSealed } from "../../../../engine/secrets/sealed.ts";
import { loadedDefinitions, rabbitmqDefinitions } from "../../../../stack/components/rabbitmq/definitions.ts";
import { activeUnit } from "../../../engine/facts/active-unit.ts";
import { stackModel } from "../../../stack/stack-model.ts";

const model = stackModel();
const { rabbitmq } = model;
if (rabbitmq === undefined) throw new TypeError("the default stack has RabbitMQ");
const wanted = rabbitmqDefinitions(rabbitmq, model.name);

const records = (items: readonly object[]): Held[] => items.map((item) => ({ ...item }));

/** A broker that holds all that is wanted, with some of it otherwise. */
function held(other: Partial<Broker> = {}): Broker {
  return {
    users: wanted.users.map(({ name, tags }) => ({ name, tags, passwordMatches: true })),
    vhosts: records(wanted.vhosts),
    permissions: records(wanted.permissions),
    policies: records(wanted.policies),
    exchanges: records(wanted.exchanges),
    queues: records(wanted.queues),
    bindings: records(wanted.bindings),
    leaderless: [],
    ...other,
  };
}

const entry = model.files.find((file) => file.path === "/etc/rabbitmq/definitions.json");
if (entry === undefined) throw new TypeError("definitions.json is in the table of files");
const component: RabbitmqFacts["component"] = {
  files: [{ entry, text: asSealed("{}"), differs: [] }],
  specs: [],
  units: new Map(),
};
const plan = (broker: RabbitmqFacts["broker"]) => planRabbitmq({ component, broker, data: true }, rabbitmq, wanted);

t.test("a broker that holds what it should needs nothing", (t) => {
  t.same(plan(held()), { actions: [], unseen: [] });
  t.end();
});

t.test("what users have declared beside it is left alone", (t) => {
  const more = { name: "stock-analysis.mine", vhost: "/stock-analysis", durable: true };
  const broker = held({ queues: [...records(wanted.queues), more] });
  t.same(plan(broker), { actions: [], unseen: [] });
  t.end();
});

t.test("each kind of loss or change is named", (t) => {
  const without = (items: readonly object[], index: number) => records(items.filter((_, n) => n !== index));
  const [admin, ...others] = held().users;
  const table: [what: string, broker: Broker, drift: RegExp][] = [
    [
      "a queue",
      held({ queues: without(wanted.queues, 0) }),
      /queue \/stock-analysis stock-analysis-broker-gateway is not/,
    ],
    ["an exchange", held({ exchanges: without(wanted.exchanges, 1) }), /exchange .* stock-analysis-dlx is not there/],
    ["a binding", held({ bindings: without(wanted.bindings, 2) }), /binding .* # is not there/],
    ["a policy", held({ policies: without(wanted.policies, 0) }), /policy .* dead-letter is not there/],
    ["a vhost", held({ vhosts: [] }), /vhost \/stock-analysis is not there/],
    ["a user", held({ users: others }), /user stack-admin is not there/],
    [
      "a password",
      held({ users: [...others, { name: "stack-admin", tags: ["administrator"], passwordMatches: false }] }),
      /another password/,
    ],
    ["a tag", held({ users: [...others, { name: "stack-admin", tags: [], passwordMatches: true }] }), /other tags/],
    [
      "a permission",
      held({ permissions: records(wanted.permissions).map((one) => ({ ...one, write: ".*" })) }),
      /permission .* has another write/,
    ],
    [
      "a limit",
      held({ policies: records(wanted.policies).map((one) => ({ ...one, definition: { "delivery-limit": 9 } })) }),
      /policy .* has another definition/,
    ],
  ];
  for (const [what, broker, drift] of table) {
    t.match(
      definitionsDrift(wanted, broker)
        .map(({ why }) => why)
        .join("; "),
      drift,
      what,
    );
    t.match(plan(broker).actions, [{ do: "importDefinitions" }], what);
  }
  t.ok(admin);
  t.end();
});

t.test("what differs is shown as it is and as it will be, passwords by name", (t) => {
  const limited = records(wanted.policies).map((one) => ({ ...one, priority: 2 }));
  const users = held().users.map((user) => ({ ...user, passwordMatches: user.name !== "stack-admin" }));
  const broker = held({ policies: limited.slice(0, 1), users });
  t.match(plan(broker).actions, [
    {
      diff: [
        '- user stack-admin {"tags":["administrator"],"password":"another"}',
        '+ user stack-admin {"tags":["administrator"],"password":"«secret:rabbitmq.admin»"}',
        '- policy /stock-analysis dead-letter {"priority":2}',
        '+ policy /stock-analysis dead-letter {"priority":1}',
        /^\+ policy \/stock-analysis stream \{"pattern":/,
        /^\+ policy \/stock-analysis check \{"pattern":/,
      ],
    },
  ]);
  t.end();
});

t.test("a queue of another type is refused, with the command that deletes it; nothing else of a broker is", (t) => {
  const queue = (name: string, other: object) => ({ name, vhost: rabbitmq.vhost, ...other });
  const stream = { arguments: { "x-queue-type": "stream", "x-more": 1 } };
  const table: [what: string, queues: Held[], refused: RegExp[]][] = [
    [
      "a stream",
      [queue("stock-analysis-frontend", stream)],
      [/frontend is of type stream, and is to be of type quorum/],
    ],
    ["a classic queue", [queue("stock-analysis-frontend", { arguments: {} })], [/is of type classic/]],
    ["two", [queue("stack-agent-check", stream), queue("stock-analysis-frontend", stream)], [/frontend/, /check/]],
    ["somebody's own", [queue("stock-analysis.mine", stream)], []],
    ["in another vhost", [{ ...queue("stock-analysis-frontend", stream), vhost: "/" }], []],
    ["those that are wanted", records(wanted.queues), []],
    ["none", [], []],
  ];
  for (const [what, queues, refused] of table) {
    t.match(
      preflightQueues(held({ queues }), rabbitmq, wanted).map(({ message }) => message),
      refused,
      what,
    );
    t.equal(preflightQueues(held({ queues }), rabbitmq, wanted).length, refused.length, what);
  }
  const one = held({ queues: [queue("stock-analysis-frontend", stream)] });
  const [problem] = preflightQueues(one, rabbitmq, wanted);
  t.match(problem?.hint, /then: rabbitmqctl delete_queue --vhost \/stock-analysis stock-analysis-frontend;/);
  t.match(problem?.hint, /services\.frontend\.queue: stream in stack\.yaml$/);
  const odd = { ...rabbitmq, vhost: "it's; ours" };
  const there = held({ queues: [{ ...queue("stack-agent-check", stream), vhost: odd.vhost }] });
  t.match(preflightQueues(there, odd, wanted)[0]?.hint, /--vhost 'it'\\''s; ours' stack-agent-check$/);
  for (const unknown of ["down", "refused"] as const) t.same(preflightQueues(unknown, rabbitmq, wanted), []);
  t.end();
});

t.test("a binding to a stream is not loaded at a start, which it would end, but made by itself", (t) => {
  const streams = { ...rabbitmq, queues: rabbitmq.queues.map((queue) => ({ ...queue, type: "stream" as const })) };
  const all = rabbitmqDefinitions(streams, model.name);
  const { atStart, onceRunning } = loadedDefinitions(all);
  t.strictSame(
    atStart.bindings.map(({ destination }) => destination),
    ["stock-analysis-dead-letters", "stack-agent-check"],
  );
  t.strictSame(onceRunning.bindings.length, all.bindings.length - 2);
  t.strictSame({ ...atStart, bindings: all.bindings }, all, "all else is");
  const broker = held({
    policies: records(all.policies),
    queues: records(all.queues),
    bindings: records(all.bindings),
  });
  const planned = (other: Partial<Broker>) =>
    planRabbitmq({ component, broker: { ...broker, ...other }, data: true }, streams, all).actions;
  t.strictSame(planned({}), []);
  const [load, ...more] = planned({ bindings: records(atStart.bindings) });
  t.match(load, { do: "importDefinitions", why: /binding .* frontend\.\* is not there/ });
  t.strictSame(more, []);
  t.strictSame(JSON.parse(load?.do === "importDefinitions" ? load.args.text : ""), { bindings: onceRunning.bindings });
  const queues = records(all.queues.slice(1));
  const both = planned({ queues, bindings: records(all.bindings.slice(1)) });
  t.match(both, [
    { do: "recoverStreams", why: /^stock-analysis-broker-gateway: not there, or not led$/ },
    { why: /^queue .* is not there$/ },
    { why: /^binding .* is not there$/ },
  ]);
  t.strictSame(loadedDefinitions(wanted).onceRunning.bindings, [], "a stack without streams has none");
  t.end();
});

t.test("guest is deleted", (t) => {
  const guest = { name: "guest", tags: ["administrator"], passwordMatches: false };
  t.match(plan(held({ users: [...held().users, guest] })).actions, [
    { do: "deleteBrokerUser", args: { user: "guest" } },
  ]);
  t.end();
});

t.test("while the broker is down nothing is said of what it holds", (t) => {
  t.match(plan("down"), { actions: [], unseen: [/not running/] });
  t.end();
});

t.test("an administrator locked out gets its password back", (t) => {
  t.match(plan("refused"), { actions: [{ do: "importDefinitions" }], unseen: [/no login/] });
  t.end();
});

t.test(
  "the services' user publishes and consumes what is declared, and declares only what bears the stack's name",
  (t) => {
    const permission = wanted.permissions.find(({ user }) => user === "stock-analysis");
    const may = (what: "configure" | "write" | "read", name: string) =>
      new RegExp(permission?.[what] ?? "$^").test(name);
    t.ok(may("write", "stock-analysis-events"));
    t.ok(may("read", "stock-analysis-event-bus"));
    t.ok(may("configure", "stock-analysis.scratch"));
    t.notOk(may("configure", "stock-analysis-event-bus"));
    t.notOk(may("configure", "amq.gen-1"));
    t.notOk(may("write", "amq.default"));
    t.notOk(may("write", "stock-analysis-events-other"));
    t.notOk(may("read", "stack-agent-check"));
    t.end();
  },
);

t.test("queues that have all ended need a start of the broker, and nothing else before that", (t) => {
  t.match(plan("ended"), { actions: [{ do: "restartUnits", args: { units: [rabbitmq.unit] } }], unseen: [/ended/] });
  t.equal(plan("ended").actions.length, 1);
  t.end();
});

t.test("a queue without a leader gets one, before anything is loaded into it", (t) => {
  const lost = { member: "'/v_q'", empty: "Q-B", log: "Q-A" };
  const never = { member: "'/v_r'", empty: "R-A", log: undefined };
  const broker = held({ leaderless: [lost, never], policies: [] });
  t.match(plan(broker).actions, [
    { do: "leadQueue", args: lost, why: /lost its log/ },
    { do: "leadQueue", args: never, why: /has no leader/ },
    { do: "importDefinitions" },
  ]);
  t.end();
});

t.test("a stream that somebody declared beside the stack's is given back too", (t) => {
  t.match(plan(held({ absentStreams: 1 })).actions, [{ do: "recoverStreams", why: /^1 streams/ }]);
  t.same(plan(held({ absentStreams: 0 })).actions, []);
  t.end();
});

t.test("a queue whose member can't start gets another, by what of its log is damaged", (t) => {
  const config = { member: "'/v_q'", empty: "Q-A", log: undefined, damaged: "config" } as const;
  const log = { member: "'/v_r'", empty: "R-A", log: undefined, damaged: "log" } as const;
  t.match(plan(held({ leaderless: [config, log] })).actions, [
    { do: "reviveQueue", args: { member: "'/v_q'", folder: "Q-A", damaged: "config" } },
    { do: "reviveQueue", args: { member: "'/v_r'", folder: "R-A", damaged: "log" } },
  ]);
  t.end();
});

t.test("a broker that never comes up is mended and started; what is damaged in none of its files is told", (t) => {
  const unit = activeUnit(rabbitmq.unit, { active: "activating", starting: true, failing: true });
  const units = new Map([[rabbitmq.unit, unit]]);
  const folder = "/var/lib/rabbitmq/mnesia/rabbit@localhost";
  const sick = (words: string[], unreadable: string[]) =>
    planRabbitmq(
      {
        component: { ...component, units },
        broker: "down",
        data: true,
        failing: { words, files: { folder, wals: [], unreadable, metadata: [] } },
      },
      rabbitmq,
      wanted,
    );
  const mended = sick([], [`${folder}/quorum/rabbit@localhost/meta.dets`]);
  t.match(mended.actions, [
    { do: "stopUnits" },
    { do: "setAside" },
    { do: "startUnits", args: { units: [rabbitmq.unit], wait: false } },
  ]);
  t.match(mended.failing, [{ unit: rabbitmq.unit, help: "stack-agent provision" }]);
  const told = sick(["2026-11-29 13:42:11 [error] <0.1.0> error:{badarg,eaddrinuse}"], []);
  t.strictSame(told.actions, []);
  t.match(told.failing, [{ says: "error:{badarg,eaddrinuse}", help: `journalctl -b -u ${rabbitmq.unit}` }]);
  t.end();
});

t.test("where the broker doesn't let its queues be looked at, that is said, and the rest is done", (t) => {
  const leaderless = { unseen: "it does not answer" };
  t.same(plan(held({ leaderless })), { actions: [], unseen: ["which queues have a leader: it does not answer"] });
  t.match(plan(held({ leaderless, policies: [] })).actions, [{ do: "importDefinitions" }]);
  t.end();
});
