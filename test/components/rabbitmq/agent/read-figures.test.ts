import t from "tap";
import { brokerFigures, type QueueFigures } from "../../../../components/rabbitmq/agent/read-figures.ts";
import { metrics, mostQueues } from "../../../../stack/components/rabbitmq/metrics.ts";

const names = { checkQueue: "stack-agent-check", deadLetterQueue: "shop-dead-letters" };
const queue = (name: string, messages = 0): QueueFigures => ({ name, messages, messages_ready: messages });

t.test("every metric that is declared is told, and no other; the check's own queue is left out", async (t) => {
  const all = [{ ...queue("shop-web", 3), message_stats: { publish: 5 } }, queue("shop-dead-letters", 2)];
  const node = { mem_alarm: true, disk_free_alarm: false };
  const figures = brokerFigures([...all, queue("stack-agent-check")], 3, node, names);
  t.same(Object.keys(figures).sort(), metrics.map(({ name }) => name).sort());
  t.same(figures.stack_rabbitmq_queue_messages_ready, [
    { labels: { queue: "shop-web" }, value: 3 },
    { labels: { queue: "shop-dead-letters" }, value: 2 },
  ]);
  t.match(figures.stack_rabbitmq_queue_published_total, [{ value: 5 }, { value: 0 }]);
  t.same(figures.stack_rabbitmq_dead_letters, [{ value: 2 }]);
  t.same(figures.stack_rabbitmq_queues, [{ value: 2 }]);
  t.match(figures.stack_rabbitmq_alarm, [{ labels: { alarm: "memory" }, value: 1 }, { value: 0 }]);
});

t.test("however many queues there are, the fullest only are told of by name", async (t) => {
  const many = Array.from({ length: mostQueues + 1 }, (_, at) => queue(`shop.${at}`, 1000 - at));
  const figures = brokerFigures(many, 5001, {}, names);
  const ready = figures.stack_rabbitmq_queue_messages_ready;
  t.equal(Array.isArray(ready) && ready.length, mostQueues);
  t.same(figures.stack_rabbitmq_queues, [{ value: 5000 }]);
  t.same(figures.stack_rabbitmq_dead_letters, [], "nobody looked into it");
});

t.test("what a broker has not counted yet is not told", async (t) => {
  const figures = brokerFigures([{ name: "shop-web" }], 1, {}, names);
  t.same(figures.stack_rabbitmq_queue_messages_ready, []);
  t.same(figures.stack_rabbitmq_queue_published_total, []);
  t.same(figures.stack_rabbitmq_memory_used_bytes, []);
  t.same(figures.stack_rabbitmq_alarm, []);
});
