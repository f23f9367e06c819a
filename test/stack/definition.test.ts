import { readFileSync } from "node:fs";
import t from "tap";
import { isStackError, type StackError } from "../../lib/error.ts";
import { definitionJsonSchema } from "../../stack/definition/json-schema.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";

const stockAnalysis = readFileSync("stack/stock-analysis.yaml", "utf8");

function faults(text: string): StackError {
  try {
    parseDefinition(text, "stack.yaml");
  } catch (error) {
    if (isStackError(error)) return error;
    throw error;
  }
  throw new Error("no fault was found");
}

t.test("the default stack is valid and holds the required values", async (t) => {
  const definition = parseDefinition(stockAnalysis, "stock-analysis.yaml");
  t.equal(definition.name, "stock-analysis");
  t.match(definition.container, { hostname: "stock-analysis", cores: 4, memory: 8192, disk: 51200, network: "dhcp" });
  t.match(definition.postgres, {
    database: "stock_analysis_event_store",
    user: "stock_analysis_user",
    connections: 100,
  });
  t.match(definition.redis, { ports: [6379, 6380, 6381], maxmemory: 2048, policy: "allkeys-lru" });
  t.match(definition.rabbitmq, {
    vhost: "/stock-analysis",
    exchange: "stock-analysis-events",
    deadLetterExchange: "stock-analysis-dlx",
    managementPort: 15672,
  });
  t.strictSame(
    Object.entries(definition.services).map(([name, service]) => [name, service.port]),
    [
      ["broker-gateway", 8001],
      ["intelligent-core", 8002],
      ["event-bus", 8003],
      ["monitoring", 8004],
      ["frontend", 8005],
    ],
  );
});

t.test("a service is not called as a part of the stack that health speaks of", async (t) => {
  for (const name of ["postgres", "disk", "jobs", "data", "services", "provision", "agent"]) {
    const error = faults(`name: orders\nversion: 1.0.0\nservices: { ${name}: { port: 8001 } }\n`);
    t.match(error.detail.join(), new RegExp(`services\\.${name}: "${name}" is what health calls a part`));
  }
});

t.test("eth0 gets addresses of either family or both, fixed or given", async (t) => {
  const network = (text: string) =>
    parseDefinition(`name: a\nversion: 1.0.0\ncontainer: { network: ${text} }\nservices: { b: { port: 8001 } }\n`, "s")
      .container.network;
  t.equal(network("dhcp"), "dhcp");
  for (const good of [
    { address: "10.1.1.120/24", gateway: "10.1.1.1" },
    { address6: "auto" },
    { address6: "dhcp" },
    { address: "dhcp", address6: "auto" },
    { address6: "fd00::120/64", gateway6: "fd00::1" },
    { address6: "2001:db8:0:1:0:0:0:7/128", gateway6: "fe80::1", dns: ["2001:db8::53", "9.9.9.9"] },
    { address: "192.0.2.255/8", gateway: "10.0.0.1", address6: "2001:DB8::1/64" },
  ]) {
    t.match(network(JSON.stringify(good)), good);
  }
});

t.test("what is wrong with an address is told by the line that has it", async (t) => {
  const rows: readonly (readonly [lines: readonly string[], fault: string])[] = [
    [["address: 10.1.1.300/24", "gateway: 10.1.1.1"], "5:16: container.network.address: must be dhcp, or an IPv4"],
    [["address: 10.1.1.1", "gateway: 10.1.1.1"], "5:16: container.network.address: must be dhcp, or an IPv4"],
    [["address: 10.1.1.1/33", "gateway: 10.1.1.1"], "5:16: container.network.address: must be"],
    [["address: fd00::1/64"], "5:16: container.network.address: must be dhcp, .*; IPv6 goes into address6"],
    [["address6: fd00::1/64", "gateway6: 10.1.1.1"], "6:17: container.network.gateway6: must be an IPv6 address"],
    [["address6: fd00::g/64"], "5:17: container.network.address6: must be auto, dhcp"],
    [["address6: fd00::1"], "5:17: container.network.address6: must be auto, dhcp"],
    [["address6: fd00::1/129"], "5:17: container.network.address6: must be"],
    [["address6: fd00::1%eth0/64"], "5:17: container.network.address6: must be"],
    [["address6: fe80::1/64"], "5:17: container.network.address6: .* that others can reach"],
    [["address6: ff02::1/64"], "5:17: container.network.address6: .* that others can reach"],
    [["address6: '::1/128'"], "5:17: container.network.address6: .* that others can reach"],
    [["address6: static"], "5:17: container.network.address6: must be auto, dhcp"],
    [["address6: auto", "gateway6: fd00::1"], "6:17: container.network.gateway6: means nothing without a fixed"],
    [["address: dhcp", "gateway: 10.1.1.1"], "6:16: container.network.gateway: means nothing without a fixed"],
    [["address: 10.1.1.2/24"], "4:3: container.network.gateway: is missing"],
    [["dns: [9.9.9.9]"], "4:3: container.network.address: is missing"],
    [["address: dhcp", "dns: [9.9.9.9, nine]"], "6:22: container.network.dns.1: must be an address"],
    [["address: dhcp", "adress6: auto"], '6:7: container.network.adress6: unknown key; did you mean "address6"'],
    [["- dhcp"], '5:7: container.network: must be "dhcp" or like'],
  ];
  for (const [lines, fault] of rows) {
    const body = lines.map((line) => `      ${line}`).join("\n");
    const error = faults(`name: a\nversion: 1.0.0\ncontainer:\n  network:\n${body}\nservices: { b: { port: 8001 } }\n`);
    t.equal(error.detail.length, 1, error.detail.join("\n"));
    t.match(error.detail[0], new RegExp(`:${fault}`));
  }
});

t.test("every fault is reported at once, with line, column and what would be right", async (t) => {
  const error = faults(
    [
      "name: Stock",
      "version: 1.0",
      "postgres:",
      "  prot: 5432",
      "  connections: many",
      "container: { memory: 8 }",
      "services:",
      "  a: { port: 5432 }",
      "  b: { port: 8001, needs: [rabbitmq] }",
      "  c: { port: 8001 }",
    ].join("\n"),
  );
  t.equal(error.code, "definition-invalid");
  t.equal(error.exit, 64);
  t.strictSame(
    error.detail.map((line) => line.split(": ")[0]),
    [1, 2, 4, 5, 6, 8, 9, 10].map(
      (line) => error.detail.find((text) => text.startsWith(`stack.yaml:${line}:`))?.split(": ")[0],
    ),
    "in the file's order, one fault a bad line",
  );
  const text = error.detail.join("\n");
  t.match(text, 'stack.yaml:4:3: postgres.prot: unknown key; did you mean "port"?');
  t.match(text, "postgres.connections: expected number, received string");
  t.match(text, 'container.memory: must be a size with its unit, e.g. "512 MiB" or "8 GiB"');
  t.match(text, "services.a.port: port 5432 is also PostgreSQL's; a free one is 5433");
  t.match(text, "services.c.port: port 8001 is also service b's; a free one is 8002");
  t.match(text, 'services.b.needs.0: this stack has no rabbitmq; add a section "rabbitmq: {}"');
});

t.test("a volume of a database that the stack has not is refused, and so is one without a unit", async (t) => {
  const stack = (volumes: string) =>
    `name: a\nversion: 1.0.0\npostgres: {}\ncontainer: { volumes: ${volumes} }\nservices:\n  s: { port: 8001 }\n`;
  t.match(faults(stack("{ redis: 8 GiB }")).detail, [/container\.volumes\.redis: this stack has no redis; add/]);
  t.match(faults(stack("{ postgres: 20 }")).detail, [/container\.volumes\.postgres: must be a size with its unit/]);
  t.match(faults(stack("{ postgres: 512 MiB }")).detail, [/container\.volumes\.postgres: must be at least 1 GiB/]);
});

t.test(
  "a secret that is given is for services that are there, and is called like nothing of the stack's own",
  async (t) => {
    const stack = (secrets: string) =>
      `name: orders\nversion: 1.0.0\nservices: { api: { port: 8001 } }\nsecrets: ${secrets}\n`;
    const parsed = parseDefinition(stack("{ alpaca_key: { for: [api] } }"), "stack.yaml");
    t.strictSame(parsed.secrets, { alpaca_key: { for: ["api"], restart: true } });
    for (const [secrets, fault] of [
      ["{ key: { for: [apy] } }", /secrets\.key\.for\.0: there is no service "apy"; there are api/],
      ["{ key: { for: [] } }", /secrets\.key\.for: names no service/],
      ["{ key: { for: [api, api] } }", /names something twice/],
      ["{ key: {} }", /secrets\.key\.for: is missing/],
      ["{ postgres_password: { for: [api] } }", /secrets\.postgres_password: is a credential of the stack's own/],
      ["{ redis.auth: { for: [api] } }", /secrets\.redis\.auth: must be lower-case letters/],
      ["{ key: { for: [api], value: x } }", /secrets\.key\.value: unknown key/],
    ] as const) {
      t.match(faults(stack(secrets)).detail.join("\n"), fault, secrets);
    }
  },
);

t.test("a job has turns, a program by its whole path, and an account that is there", async (t) => {
  const stack = (name: string, settings: string) =>
    `name: orders\nversion: 1.0.0\nredis: {}\nservices: { api: { port: 8001 } }\njobs: { ${name}: ${settings} }\n`;
  const fine = '{ schedule: "0 3 * * *", command: [/usr/bin/true], user: svc-api }';
  t.strictSame(parseDefinition(stack("tidy", fine), "stack.yaml").jobs, {
    tidy: { schedule: "0 3 * * *", command: ["/usr/bin/true"], user: "svc-api", timeout: 600 },
  });
  for (const [name, from, to, fault] of [
    ["tidy", "0 3 * * *", "0 24 * * *", /jobs\.tidy\.schedule: "24" is no hour/],
    ["tidy", "0 3 * * *", "0 3 31 2 *", /no month that it names has such a day/],
    ["tidy", "/usr/bin/true", "bin/true", /jobs\.tidy\.command: must begin with a program's absolute path/],
    ["tidy", "[/usr/bin/true]", "[]", /must begin with a program's absolute path/],
    ["tidy", "[/usr/bin/true]", '[/bin/echo, "a\\nb"]', /jobs\.tidy\.command\.1: has a control character/],
    ["tidy", "svc-api", "svc-web", /there is no account "svc-web"; there are root, svc-api, redis/],
    ["tidy", "svc-api", "postgres", /there is no account "postgres"/],
    ["drift", "svc-api", "root", /jobs\.drift: is a job of the stack's own/],
    ["refresh-view", "svc-api", "root", /is a job of the stack's own/],
    ["Tidy", "svc-api", "root", /must be lower-case words/],
    ["tidy", "svc-api }", "svc-api, timeout: 0 }", /jobs\.tidy\.timeout/],
  ] as const) {
    t.match(faults(stack(name, fine.replace(from, to))).detail.join("\n"), fault, `${name}: ${to}`);
  }
});

t.test(
  "a queue's type is refused where there is no queue, as bindings needn't be; and a type that is none",
  async (t) => {
    const stack = (broker: string, service: string) =>
      `name: a\nversion: 1.0.0\npostgres: {}\n${broker}services:\n  s: { port: 8001, ${service} }\n`;
    t.match(faults(stack("", "queue: stream")).detail, [
      /services\.s\.queue: this stack has no rabbitmq, whose setting/,
    ]);
    t.strictSame(parseDefinition(stack("", "bindings: ['#']"), "stack.yaml").services.s?.bindings, ["#"]);
    t.match(faults(stack("rabbitmq: {}\n", "queue: stream, needs: [postgres]")).detail, [
      /services\.s\.queue: this service does not need rabbitmq, whose setting/,
    ]);
    t.match(faults(stack("rabbitmq: {}\n", "queue: classic")).detail, [/services\.s\.queue: .*"quorum".*"stream"/]);
    t.match(faults(stack("rabbitmq: { streamSize: 8 MiB }\n", "queue: stream")).detail, [
      /streamSize: must be at least 64/,
    ]);
    const fine = parseDefinition(stack("rabbitmq: {}\n", "queue: stream, needs: [rabbitmq]"), "stack.yaml");
    t.equal(fine.services.s?.queue, "stream");
  },
);

t.test("a port that nobody sets but somebody uses is refused", async (t) => {
  const base = "name: a\nversion: 1.0.0\nredis: {}\nrabbitmq: {}\nservices:\n";
  for (const [port, owner] of [
    [16379, "the cluster bus of Redis node 1's"],
    [4369, "RabbitMQ's port mapper epmd's"],
    [25672, "RabbitMQ's distribution's"],
    [8000, "the agent's"],
  ] as const) {
    t.match(faults(`${base}  s: { port: ${port} }`).detail.join("\n"), `port ${port} is also ${owner}`);
  }
});

t.test("broken YAML is one clear fault with its place", async (t) => {
  const error = faults("name: a\nservices: {a: [}");
  t.match(error.detail[0], /^stack\.yaml:2:\d+: /);
  t.match(faults("").detail.join("\n"), "expected object");
  t.match(faults("- a").detail.join("\n"), "expected object");
  t.match(faults("name: a\nname: b").detail.join("\n"), /stack\.yaml:2:1: .*unique/);
});

t.test("sections left out are components the stack does not have", async (t) => {
  const definition = parseDefinition("name: tiny\nversion: 0.1.0\nservices: { web: { port: 8080 } }", "stack.yaml");
  t.equal(definition.postgres, undefined);
  t.equal(definition.redis, undefined);
  t.equal(definition.rabbitmq, undefined);
  t.equal(definition.agent.port, 8000);
});

t.test("the JSON Schema for editors knows every key of the default stack", async (t) => {
  const schema = definitionJsonSchema() as { properties: Record<string, { properties?: object }> };
  const parsed = parseDefinition(stockAnalysis, "stock-analysis.yaml");
  t.strictSame(
    Object.keys(parsed).filter((key) => !(key in schema.properties)),
    [],
  );
  t.ok("memory" in (schema.properties.container?.properties ?? {}));
});

t.test("a service is a Python module, or a program in a folder of its own", async (t) => {
  const stack = (service: string) => `name: a\nversion: 1.0.0\nservices:\n  s: { port: 8001, ${service} }\n`;
  const program = "command: [./prices, --quiet], health: /healthz";
  const [service] = Object.values(parseDefinition(stack(`${program}, source: services/s`), "stack.yaml").services);
  t.match(service, { command: ["./prices", "--quiet"], health: "/healthz", socket: true });
  t.match(faults(stack(program)).detail, [/services\.s\.command: needs `source`/]);
  t.match(faults(stack(`${program}, source: services/s, module: s`)).detail, [
    /services\.s\.command: this service has a module; leave one of the two out/,
  ]);
  t.match(faults(stack('command: ["./a b"], source: x')).detail, [/must be a word without blanks/]);
  t.match(faults(stack("health: healthz")).detail, [/services\.s\.health: must be a path/]);
});
