import { CronTime } from "cron";
import t from "tap";
import { cronFault } from "../../stack/definition/cron-fault.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import { faultsOf } from "./faults-of.ts";

const stack = (more: string, service = "port: 8001"): string =>
  `name: orders\nversion: 1.0.0\n${more}\nservices:\n  api: { ${service} }\n`;

t.test("a value is refused by the rule of the program that will read it, at its place", async (t) => {
  const table: readonly (readonly [more: string, fault: RegExp])[] = [
    ["postgres: { user: user }", /3:19: postgres\.user: is a word of PostgreSQL's own language/],
    ["postgres: { database: order }", /postgres\.database: is a word of/],
    ["postgres: { database: replication }", /postgres\.database: is a word of/],
    [`postgres: { database: ${"a".repeat(64)} }`, /postgres\.database: must be a PostgreSQL identifier/],
    [
      "postgres: { user: pg_orders }",
      /postgres\.user: would be role pg_orders; PostgreSQL keeps names that begin with pg_/,
    ],
    ['postgres: { viewRefresh: "61 * * * *" }', /viewRefresh: "61" is no minute: from 0 to 59/],
    ['postgres: { viewRefresh: "0 0 30 2 *" }', /viewRefresh: no month that it names has such a day/],
    ['agent: { drift: "* * * *" }', /agent\.drift: must be "off" or a cron expression of five fields/],
    ["redis: { ports: [6379, 6380, 55536] }", /redis\.ports\.2: a node's cluster bus listens on port \+ 10000/],
    ["redis: { save: 900 }", /redis\.save: expected string/],
    ['redis: { save: "900" }', /redis\.save: must be pairs of seconds and changes/],
    ['redis: { save: "0 1" }', /redis\.save: must be pairs/],
    ['redis: { save: "900 1\\nport 1" }', /redis\.save: must be pairs/],
    ["redis: { maxmemory: 99999999 GiB }", /redis\.maxmemory: must be at most 16384 GiB/],
    ['rabbitmq: { vhost: "/shop%20eu" }', /rabbitmq\.vhost: must be letters, digits/],
    ['rabbitmq: { vhost: "a b" }', /rabbitmq\.vhost: must be/],
    ["rabbitmq: { vhost: a/../b }", /rabbitmq\.vhost: must be/],
    ["rabbitmq: { vhost: a// }", /rabbitmq\.vhost: must be/],
    ["rabbitmq: { user: guest }", /rabbitmq\.user: would be RabbitMQ user guest, which every stack has/],
    ["rabbitmq: { user: stack-admin }", /rabbitmq\.user: would be RabbitMQ user stack-admin/],
    ["rabbitmq: { exchange: stack-agent-check }", /rabbitmq\.exchange: would be exchange stack-agent-check/],
    [
      "rabbitmq: { exchange: a, deadLetterExchange: a }",
      /deadLetterExchange: would be exchange a, which another setting/,
    ],
    ["container: { memory: 999999999 GiB }", /container\.memory: must be at most/],
    ["container: { hostname: LocalHost }", /container\.hostname: would be host localhost/],
    ["journal: 0 MiB", /journal: must be at least 16 MiB/],
    ["packages: [nano-]", /packages\.0: must be a Debian package's name/],
    ["packages: [nano=1.0]", /packages\.0: must be/],
    ["deploy: { storage: 1local }", /deploy\.storage: must be like local-lvm/],
    ["deploy: { templateStorage: local- }", /deploy\.templateStorage: must be like local/],
    ["deploy: { node: pve_1 }", /deploy\.node: must be like pve1/],
    ["deploy: { bridge: vmbr0123456789ab }", /deploy\.bridge: must be like vmbr0/],
    ["timezone: ../../etc/passwd", /timezone: must be a time zone's name/],
  ];
  for (const [more, fault] of table) t.match(faultsOf(stack(more)), [fault], more);
  const services: readonly (readonly [service: string, fault: RegExp])[] = [
    [`port: 8001, bindings: ["${"é".repeat(128)}"]`, /5:\d+: services\.api\.bindings\.0: has more than 255 bytes/],
    ["port: 8001, bindings: [a, a]", /services\.api\.bindings: names something twice/],
    ["port: 8001, needs: [rabbitmq, rabbitmq]", /services\.api\.needs: names something twice/],
    ["port: 8001, module: a..b", /services\.api\.module: must be a Python module's name/],
    ["port: 8001, module: a.", /services\.api\.module: must be/],
  ];
  for (const [service, fault] of services) t.match(faultsOf(stack("rabbitmq: {}", service)), [fault], service);
});

t.test("a value of --set is refused by the same rules", async (t) => {
  const set = ["postgres.user=user", "redis.save=900", "rabbitmq.vhost='/shop%20eu'", "name=stack-agent"];
  t.match(faultsOf(stack(""), set), [
    /^--set postgres\.user: is a word/,
    /^--set redis\.save: expected string/,
    /^--set rabbitmq\.vhost: must be letters/,
    /^--set name: would be user stack-agent, group stack-agent/,
  ]);
});

t.test("what those programs take is taken", async (t) => {
  const fine = [
    'redis: { save: "" }',
    "redis: { save: 3600 1 300 100, ports: [7000, 7001, 55535] }",
    "rabbitmq: { vhost: / }",
    "rabbitmq: { vhost: a.b/c_d-e }",
    "postgres: { database: users, user: _orders }",
    'agent: { drift: "off" }\npostgres: { viewRefresh: "*/5 8-18 1,15 jan-jun MON-fri" }',
    "packages: [g++, libstdc++6]",
    "timezone: Etc/GMT+5",
  ];
  for (const more of fine) t.same(faultsOf(stack(more)), [], more);
  t.same(faultsOf(stack("rabbitmq: {}", `port: 8001, bindings: ["${"é".repeat(127)}"], module: a.b_c`)), []);
  t.equal(parseDefinition(stack('redis: { save: "" }'), "stack.yaml").redis?.save, "");
});

t.test("cron expressions are read as the agent's clock reads them", async (t) => {
  const fields = [
    "*",
    "0",
    "7",
    "59",
    "60",
    "5-10",
    "10-5",
    "*/5",
    "*/0",
    "3/2",
    "1,2,3",
    "1,,2",
    "-1",
    "a",
    "?",
    "1-",
  ];
  const named = ["jan", "dec", "sun", "sat", "mon-fri", "jan-mar/2", "mo", "L", "5#2", "31", "12"];
  let refused = 0;
  for (const word of [...fields, ...named]) {
    for (let index = 0; index < 5; index += 1) {
      const text = ["1", "1", "1", "1", "1"].with(index, word).join(" ");
      const ours = cronFault(text) === undefined;
      if (!ours) refused += 1;
      // It takes a name of the one kind for a number of the other, and we don't.
      t.ok(!ours || has(text), `${text}: what is taken has a turn`);
      if (!/[a-z]/i.test(word)) t.equal(ours, has(text), text);
    }
  }
  t.ok(refused > 30);
  for (const text of ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 2-2 *"]) t.match(cronFault(text), /no month/, text);
  t.equal(cronFault("0 0 30 2 mon"), undefined, "or on each Monday of February");
  t.equal(cronFault("0 0 29 2 *"), undefined);
});

/** Whether the clock takes an expression and finds a turn. */
function has(text: string): boolean {
  try {
    new CronTime(text, "UTC").sendAt();
    return true;
  } catch {
    return false;
  }
}
