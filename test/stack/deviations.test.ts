import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { rabbitmqSources } from "../../stack/components/rabbitmq/sources.ts";
import { parseDefinition, readDefinition } from "../../stack/definition/parse.ts";
import { deviations, upstreamVersion } from "../../stack/deviations.ts";
import { resolve } from "../../stack/resolve.ts";

const text = readFileSync(join(import.meta.dirname, "../../stack/stock-analysis.yaml"), "utf8");
const model = resolve(parseDefinition(text, "stock-analysis.yaml"));
const good = new Map([
  ["python3", "3.11.2-1+b1"],
  ["postgresql-15", "15.14-0+deb12u1"],
  ["redis-server", "5:7.0.15-1~deb12u5"],
  ["rabbitmq-server", "3.12.1-1"],
]);

t.test("a stack that has what it asks for deviates nowhere", async (t) => {
  t.same(deviations(model, good), []);
});

t.test("Debian 12's RabbitMQ is one deviation, with both versions in its sentence", async (t) => {
  const found = deviations(model, new Map([...good, ["rabbitmq-server", "3.10.8-1.1+deb12u1"]]));
  t.equal(found.length, 1);
  t.match(found[0], /RabbitMQ is 3\.10\.8.*3\.12/);
});

t.test("its sentence says whose the RabbitMQ is; PostgreSQL is always Debian's", async (t) => {
  const old = new Map([...good, ["rabbitmq-server", "3.11.1-1"], ["postgresql-15", "14.1-1"]]);
  for (const [source, whose] of [
    ["vendor", "the RabbitMQ team's"],
    ["relocated", "the next Debian's"],
    ["debian", "Debian 12's"],
  ] as const) {
    t.strictSame(deviations(model, old, new Map([["rabbitmq", rabbitmqSources[source]]])), [
      "PostgreSQL is 14.1, Debian 12's; 15 or newer is asked for",
      `RabbitMQ is 3.11.1, ${whose}; 3.12 or newer is asked for`,
    ]);
  }
});

t.test("a package that is not there is one", async (t) => {
  const found = deviations(model, new Map([...good].filter(([name]) => name !== "redis-server")));
  t.same(found, ["Redis is not installed; 7.0 or newer is asked for"]);
});

t.test("a component that the stack doesn't have is none", async (t) => {
  const without = resolve(readDefinition(text, "stock-analysis.yaml", ["rabbitmq=null"]).definition);
  t.same(deviations(without, new Map([...good].filter(([name]) => name !== "rabbitmq-server"))), []);
});

t.test("versions are compared by number: 3.9 is older than 3.12, 4.0 is newer", async (t) => {
  t.equal(deviations(model, new Map([...good, ["rabbitmq-server", "3.9.0-1"]])).length, 1);
  t.equal(deviations(model, new Map([...good, ["rabbitmq-server", "4.0.5-6+deb13u2"]])).length, 0);
});

t.test("a Debian version's upstream part has no epoch, revision or repacking mark", async (t) => {
  t.equal(upstreamVersion("5:7.0.15-1~deb12u5"), "7.0.15");
  t.equal(upstreamVersion("1:25.2.3+dfsg-1+deb12u3"), "25.2.3");
  t.equal(upstreamVersion("252.39"), "252.39");
});
