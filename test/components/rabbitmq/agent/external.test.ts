import t from "tap";
import type { ExternalBroker, ToldBroker } from "../../../../components/rabbitmq/agent/inspect-external.ts";
import { planExternalBroker } from "../../../../components/rabbitmq/agent/plan-external.ts";
import { preflightExternalBroker } from "../../../../components/rabbitmq/agent/preflight-external.ts";
import { rabbitmqDefinitions } from "../../../../stack/components/rabbitmq/definitions.ts";
import type { RabbitmqModel } from "../../../../stack/components/rabbitmq/model.ts";
import { parseDefinition } from "../../../../stack/definition/parse.ts";
import { resolve } from "../../../../stack/resolve.ts";

function rabbitmqOf(external: string): RabbitmqModel {
  const text = `name: shop\nversion: 1.0.0\nrabbitmq: { external: { addresses: [mq], admin: ops, ${external} } }\nservices:\n  a: { port: 8001, bindings: [order.*] }\n`;
  const { rabbitmq } = resolve(parseDefinition(text, "stack.yaml"));
  if (rabbitmq === undefined) throw new TypeError("it has RabbitMQ");
  return rabbitmq;
}

const rabbitmq = rabbitmqOf("management: mq");
const all = rabbitmqDefinitions(rabbitmq, "shop");
const nothing = { exchanges: [], queues: [], bindings: [], policies: [] };
const told: ToldBroker = { tags: ["administrator"], vhost: "missing", users: ["ops"], ...nothing };
const whole: ToldBroker = { ...all, tags: ["policymaker"], vhost: "ok", users: undefined } as never;
const login = (app: "ok" | "refused" | "outside", agent = app): ExternalBroker["logins"] => ({
  shop: app,
  "shop-agent": agent,
});
const plan = (broker: ExternalBroker | "down") => planExternalBroker(broker, rabbitmq, all);
const problems = (broker: ExternalBroker) => preflightExternalBroker(broker, rabbitmq, all).map(({ hint }) => hint);

t.test(
  "an administrator makes vhost, users, their permissions and all in it, in the order in which they stand",
  async (t) => {
    const [action, ...more] = plan({ told, logins: login("refused") }).actions;
    t.same(more, []);
    if (action?.do !== "declareInBroker") throw new TypeError("it declares");
    const paths = action.args.requests.map(({ path }) => decodeURIComponent(path));
    t.same(paths.slice(0, 6), [
      "/vhosts//shop",
      "/users/shop-agent",
      "/users/shop",
      "/permissions//shop/ops",
      "/permissions//shop/shop",
      "/permissions//shop/shop-agent",
    ]);
    t.ok(paths.indexOf("/queues//shop/shop-a") < paths.indexOf("/bindings//shop/e/shop-events/q/shop-a"));
    t.ok(paths.includes("/policies//shop/dead-letter"));
    t.match(action.args.requests[1]?.body, /«secret:rabbitmq_agent_password\|rabbitmq-hash»/, "no value is in a plan");
    t.same(problems({ told, logins: login("refused") }), [], "and nothing is missing");
  },
);

t.test("what is there stays as it is, and what is missing alone is declared", async (t) => {
  t.same(plan({ told: whole, logins: login("ok") }), { actions: [], unseen: [] });
  const queues = whole.queues.filter(({ name }) => name !== "shop-a");
  t.match(plan({ told: { ...whole, queues }, logins: login("ok") }).actions, [
    { do: "declareInBroker", why: "queue /shop shop-a is not there", args: { requests: [{ method: "PUT" }] } },
  ]);
  const users = ["ops", "shop", "shop-agent"];
  const made = plan({ told: { ...whole, tags: ["administrator"], users }, logins: login("refused") }).actions;
  t.same(made, [], "a user whose password is another is not changed");
});

t.test("preflight names each right that is missing with the command that gives it", async (t) => {
  const poor: ToldBroker = { tags: ["management"], vhost: "outside", users: undefined, ...nothing };
  t.same(problems({ told: poor, logins: login("outside", "refused") }), [
    "on a broker: rabbitmqctl set_user_tags ops policymaker",
    "on a broker: rabbitmqctl add_vhost /shop; rabbitmqctl set_permissions -p /shop ops '.*' '.*' '.*'",
    "on a broker: rabbitmqctl set_permissions -p /shop shop '^shop\\.' '^(shop-events$|shop\\.)' '^shop[-.]'",
    "stack-agent secrets set rabbitmq_agent_password; or, on a broker: rabbitmqctl add_user shop-agent; " +
      "rabbitmqctl set_user_tags shop-agent monitoring; " +
      "rabbitmqctl set_permissions -p /shop shop-agent '^$' '^(stack-agent-check)$' '^(stack-agent-check)$'",
  ]);
});

t.test("a queue of another type is refused, not changed", async (t) => {
  const queues = whole.queues.map((queue) => (queue.name === "shop-a" ? { ...queue, arguments: {} } : queue));
  t.match(problems({ told: { ...whole, queues }, logins: login("ok") }), [/rabbitmqctl delete_queue/]);
});

t.test("without their management nothing is declared; what can't be reached is waited for", async (t) => {
  const bare = rabbitmqOf("tls: false");
  const broker = { told: undefined, logins: login("ok") };
  t.same(planExternalBroker(broker, bare, rabbitmqDefinitions(bare, "shop")), { actions: [], unseen: [] });
  t.match(plan("down"), { actions: [], unseen: [/none of mq:5671 answers/] });
});
