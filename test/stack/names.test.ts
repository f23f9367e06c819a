import t from "tap";
import { faultsOf } from "./faults-of.ts";

const stack = (name: string, service = "api"): string =>
  `name: ${name}\nversion: 1.0.0\npostgres: {}\nredis: {}\nrabbitmq: {}\nservices:\n  ${service}: { port: 8001 }\n`;

t.test("no name takes the place of something of the stack's own", async (t) => {
  const table: readonly (readonly [text: string, fault: RegExp])[] = [
    [
      stack("stack-agent"),
      /^stack\.yaml:1:7: name: would be user stack-agent, group stack-agent, \/etc\/stack-agent, .*every stack/,
    ],
    [stack("postgresql"), /^stack\.yaml:1:7: name: would be \/etc\/postgresql, which every stack has/],
    [stack("redis"), /name: would be user redis, group redis, \/etc\/redis,/],
    [stack("pg"), /name: would be role pg_user; PostgreSQL keeps/],
    [stack("localhost"), /name: would be host localhost/],
    [stack("a".repeat(32)), /name: .*31/],
    [stack("stack", "ssh-keys"), /^stack\.yaml:7:3: services\.ssh-keys: would be unit stack-ssh-keys\.service/],
    [stack("rabbitmq", "server"), /name: .*group rabbitmq/],
    [stack("orders", "common"), /services\.common: would be \/etc\/orders\/common\.env, which another setting/],
    [stack("orders", "dead-letters"), /services\.dead-letters: would be queue orders-dead-letters, which another/],
  ];
  for (const [text, fault] of table) {
    t.match(faultsOf(text)[0], fault, text.split("\n", 1)[0] ?? "");
  }
  for (const text of [stack("orders"), stack("a".repeat(31)), stack("queue", "server")]) t.same(faultsOf(text), []);
});

t.test("names that follow from a name are told at it, those that are set at their own place", async (t) => {
  const text = stack("orders").replace("postgres: {}", "postgres: { database: template1, user: stack_agent }");
  t.match(faultsOf(text), [
    /^stack\.yaml:3:23: postgres\.database: would be database template1/,
    /^stack\.yaml:3:40: postgres\.user: would be role stack_agent/,
  ]);
  t.match(faultsOf(stack("orders"), ["rabbitmq.user=stack-agent"]), [/^--set rabbitmq\.user: would be RabbitMQ user/]);
});
