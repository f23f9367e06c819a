import t from "tap";
import { routesTo } from "../../../../components/rabbitmq/agent/routes-to.ts";

const exchanges = [
  { name: "events", type: "topic" },
  { name: "all", type: "fanout" },
  { name: "one", type: "direct" },
  { name: "by-header", type: "headers" },
  { name: "spread", type: "x-consistent-hash" },
];
const message = (exchange: string) => ({ exchange, key: "broker.filled", queue: "broker" });

t.test("a binding by which all of an exchange, or the key at least, gets into the queue", async (t) => {
  t.same(routesTo({ exchanges }, message("events")), { exchange: "events", key: "#", settings: {} });
  t.same(routesTo({ exchanges }, message("all")), { exchange: "all", key: "", settings: {} });
  t.same(routesTo({ exchanges }, message("one")), { exchange: "one", key: "broker.filled", settings: {} });
  t.match(routesTo({ exchanges }, message("by-header")), { settings: { "x-match": "all" } });
  t.match(routesTo({ exchanges }, message("amq.topic")), { key: "#" }, "one that no export names");
});

t.test("an exchange that has gone, or that a plugin brings, is told: nothing gets lost on a wrong way", async (t) => {
  for (const exchange of ["gone", "spread"]) {
    t.throws(() => routesTo({ exchanges }, message(exchange)), { code: "exchange-not-known" }, exchange);
  }
});
