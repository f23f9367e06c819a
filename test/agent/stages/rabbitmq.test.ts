import t from "tap";
import { seal } from "../../../agent/engine/sealed.ts";
import { definitionsDrift, type Held } from "../../../agent/stages/rabbitmq/drift.ts";
import type { Broker } from "../../../agent/stages/rabbitmq/inspect.ts";
import { leaderlessQueues, quorumFolder } from "../../../agent/stages/rabbitmq/raft-logs.ts";
import { planRabbitmq, type RabbitmqFacts } from "../../../agent/stages/rabbitmq/stage.ts";
import { namesIfAny, readTextIfAny } from "../../../lib/files.ts";
import { rabbitmqDefinitions } from "../../../stack/components/rabbitmq/definitions.ts";
import { stackModel } from "../stack-model.ts";

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
    ended: false,
    leaderless: [],
    ...other,
  };
}

const entry = model.files.find((file) => file.path === "/etc/rabbitmq/definitions.json");
if (entry === undefined) throw new TypeError("definitions.json is in the table of files");
const component: RabbitmqFacts["component"] = {
  files: [{ entry, text: seal("{}"), differs: [] }],
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
        /^\+ policy \/stock-analysis check \{"pattern":/,
      ],
    },
  ]);
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
  const broker = held({ ended: true, policies: [] });
  t.match(plan(broker), { actions: [{ do: "restartUnits", args: { units: [rabbitmq.unit] } }], unseen: [/ended/] });
  t.equal(plan(broker).actions.length, 1);
  t.end();
});

t.test("a queue without a leader gets one, before anything is loaded into it", (t) => {
  const broker = held({ leaderless: [{ member: "'/v_q'", empty: "Q-B", log: "Q-A" }], policies: [] });
  t.match(plan(broker).actions, [
    { do: "leadQueue", args: { member: "'/v_q'", empty: "Q-B", log: "Q-A" }, why: /lost its log/ },
    { do: "importDefinitions" },
  ]);
  t.end();
});

t.test("a queue whose newest log was never led has no leader; its own is the newest that was", async (t) => {
  const log = (name: string, created: number) => ({
    config: `#{cluster_name => '${name}',machine => {module,rabbit_fifo,#{created => ${created},name => x}}}.`,
  });
  const term = (uid: string, bytes: string) => `\u0004m\u0000\u0000\u0000\u000c${uid}${bytes}h\u0002d`;
  const folder = t.testdir({
    "meta.dets": [
      term("Q-LED", "a\u0001"),
      term("Q-LONG-AGO", "b\u0000\u0000\u0001\u0002"),
      term("Q-NEVER", "a\u0000"),
      term("Q-LOST0", "a\u0001"),
      term("Q-LOST1", "a\n"),
      term("Q-REUSED0", "a\u0001"),
      term("Q-REUSED1", "a\u0001"),
    ].join(""),
    "00000002.wal": "Q-NEVER",
    "Q-LED": log("/v_led", 1),
    "Q-LONG-AGO": log("/v_long", 1),
    "Q-NEVER": log("/v_never", 1),
    "Q-LOST0": log("/v_lo\\'st", 1),
    "Q-LOST1": log("/v_lo\\'st", 2),
    "Q-LOST2": log("/v_lo\\'st", 3),
    "Q-REUSED0": log("/v_reused", 1),
    "Q-REUSED1": log("/v_reused", 2),
    "Q-HALF": {},
  });
  const here = (path: string) => path.replace(quorumFolder, folder);
  const found = await leaderlessQueues({
    names: (path) => namesIfAny(here(path)),
    readText: (path) => readTextIfAny(here(path)),
  });
  t.same(found, [
    { member: "'/v_lo\\'st'", empty: "Q-LOST2", log: "Q-LOST1" },
    { member: "'/v_never'", empty: "Q-NEVER", log: undefined },
  ]);
});
