import { readFileSync } from "node:fs";
import t from "tap";
import { budget } from "../../../stack/budget.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import { renderFile } from "../../../stack/render/render-file.ts";
import { resolve } from "../../../stack/resolve.ts";

const model = resolve(
  parseDefinition(
    `name: my-shop
version: 1.0.0
postgres: {}
redis: { ports: [7100, 7101, 7102] }
rabbitmq: {}
services:
  cart: { port: 9001, bindings: ["cart.*"] }
  report: { port: 9002, needs: [postgres], socket: false, notify: false }
  ledger: { port: 9003, queue: stream, bindings: ["#"] }
`,
    "stack.yaml",
  ),
);

/** A file of the table as a machine of 8 GiB gets it, secrets as their names. */
function rendered(path: string): string {
  const entry = model.files.find((file) => file.path === path);
  if (entry === undefined) throw new TypeError(`${path} is not in the table of files`);
  return renderFile(entry, model, {
    templates: (template) => readFileSync(template, "utf8"),
    budget: budget(model, 8192),
    secret: (name, form) => `<${name}${form === undefined ? "" : ` ${form}`}>`,
  });
}

t.test("names not given come from the stack's", (t) => {
  t.match(model.postgres, { database: "my_shop_event_store", user: "my_shop_user", maxConnections: 110 });
  t.match(model.rabbitmq, { vhost: "/my-shop", exchange: "my-shop-events", deadLetterExchange: "my-shop-dlx" });
  t.match(model.redis?.nodes, [{ port: 7100, busPort: 17100, unit: "redis-server@7100.service" }]);
  t.end();
});

t.test("a service that doesn't need RabbitMQ has no queue", (t) => {
  t.same(
    model.rabbitmq?.queues.map(({ name }) => name),
    ["my-shop-cart", "my-shop-ledger"],
  );
  t.notMatch(rendered("/etc/my-shop/report.env"), /RABBITMQ/);
  t.end();
});

t.test("a service has a quorum queue or a stream, each under the policy of its kind, and is told which", (t) => {
  const { queues, policies } = JSON.parse(rendered("/etc/rabbitmq/definitions.json")) as {
    readonly queues: readonly { readonly name: string; readonly arguments: Readonly<Record<string, string>> }[];
    readonly policies: readonly { readonly name: string; readonly pattern: string; readonly definition: object }[];
  };
  t.strictSame(Object.fromEntries(queues.map((queue) => [queue.name, queue.arguments["x-queue-type"]])), {
    "my-shop-cart": "quorum",
    "my-shop-ledger": "stream",
    "my-shop-dead-letters": "quorum",
    "stack-agent-check": "quorum",
  });
  const policy = (queue: string) => policies.filter(({ pattern }) => new RegExp(pattern).test(queue));
  t.match(policy("my-shop-cart"), [{ name: "dead-letter", definition: { "delivery-limit": 5 } }]);
  t.match(policy("my-shop-ledger"), [{ name: "stream", definition: { "max-length-bytes": 2 ** 30 } }]);
  for (const queue of ["my-shop-cart", "my-shop-ledger", "stack-agent-check"]) t.equal(policy(queue).length, 1, queue);
  t.strictSame(policy("my-shop-dead-letters"), []);
  t.match(rendered("/etc/my-shop/cart.env"), /^RABBITMQ_QUEUE=my-shop-cart\n# .*\nRABBITMQ_QUEUE_TYPE=quorum$/m);
  t.match(rendered("/etc/my-shop/ledger.env"), /^RABBITMQ_QUEUE_TYPE=stream$/m);
  t.end();
});

t.test("servers listen on loopback only", (t) => {
  t.match(rendered("/etc/postgresql/15/main/postgresql.conf"), /^listen_addresses = '127\.0\.0\.1'$/m);
  t.match(rendered("/etc/redis/redis-7101.conf"), /^bind 127\.0\.0\.1$/m);
  const rabbitmq = rendered("/etc/rabbitmq/rabbitmq.conf");
  t.match(rabbitmq, /^listeners\.tcp\.1 = 127\.0\.0\.1:5672$/m);
  t.match(rabbitmq, /^management\.tcp\.ip = 127\.0\.0\.1$/m);
  t.match(
    rendered("/etc/systemd/system/epmd.socket.d/loopback.conf"),
    /^ListenStream=\nListenStream=127\.0\.0\.1:4369$/m,
  );
  t.ok(
    model.ports
      .filter(({ owner }) => ["postgres", "redis", "rabbitmq"].includes(owner))
      .every(({ bind }) => bind === "loopback"),
  );
  t.end();
});

t.test("memory is this machine's share, not what was declared", (t) => {
  t.match(rendered("/etc/postgresql/15/main/conf.d/memory.conf"), /^shared_buffers = 2048MB$/m);
  t.match(rendered("/etc/redis/redis-7100.conf"), /^maxmemory 727mb$/m);
  t.match(rendered("/etc/rabbitmq/conf.d/memory.conf"), /^vm_memory_high_watermark\.absolute = 512MiB$/m);
  t.end();
});

t.test("where nobody tells them to, the nodes save late, and each at another time", (t) => {
  const saves = [7100, 7101, 7102].map((port) => /^save (.*)$/m.exec(rendered(`/etc/redis/redis-${port}.conf`))?.[1]);
  const rewrites = [7100, 7101, 7102].map(
    (port) => /^auto-aof-rewrite-min-size (.*)$/m.exec(rendered(`/etc/redis/redis-${port}.conf`))?.[1],
  );
  t.same(saves, [
    "87300 1 86700 100 86460 10000",
    "116100 1 115500 100 115260 10000",
    "144900 1 144300 100 144060 10000",
  ]);
  t.same(rewrites, ["4362mb", "4605mb", "4847mb"]);
  t.end();
});

t.test("a file with a secret is written on the machine and not readable by others", (t) => {
  const data = model.files.filter((file) => ["postgres", "redis", "rabbitmq"].includes(file.component));
  const withSecret = data.filter((file) => file.kind === "file" && rendered(file.path).includes("<r"));
  t.equal(withSecret.length, 5, "three Redis nodes, the cookie, the definitions");
  for (const file of withSecret) {
    t.equal(file.when, "boot", file.path);
    t.equal(file.mode & 0o007, 0, file.path);
  }
  t.end();
});

t.test("each unit waits for the file that is written last for it", (t) => {
  const paths = data("ConditionPathExists");
  t.same(paths, {
    "postgresql@15-main.service": "/var/lib/postgresql/15/main/PG_VERSION",
    "redis-server@7100.service": "/etc/redis/redis-7100.conf",
    "redis-server@7101.service": "/etc/redis/redis-7101.conf",
    "redis-server@7102.service": "/etc/redis/redis-7102.conf",
    "rabbitmq-server.service": "/etc/rabbitmq/definitions.json",
  });
  t.equal(model.files.filter((file) => file.component === "rabbitmq").at(-1)?.path, "/etc/rabbitmq/definitions.json");
  t.end();
});

t.test("no unit of a server waits for the network", (t) => {
  for (const { path } of units()) {
    t.notMatch(rendered(path), /^(After|Wants)=.*network/m, path);
  }
  t.end();
});

function units() {
  const kept = model.units.filter(
    ({ running, component }) => running && ["postgres", "redis", "rabbitmq"].includes(component),
  );
  return kept.map(({ unit }) => ({ unit, path: `/etc/systemd/system/${unit}` }));
}

function data(directive: string): Record<string, string | undefined> {
  return Object.fromEntries(
    units().map(({ unit, path }) => [unit, new RegExp(`^${directive}=(.*)$`, "m").exec(rendered(path))?.[1]]),
  );
}

t.test("a stack's processes are the units that are kept running, each told what it runs as", (t) => {
  const kept = model.processes.filter(({ activated }) => activated === undefined);
  const running = model.units.filter(({ unit, running }) => running && !unit.endsWith(".path"));
  t.strictSame(
    kept.flatMap(({ unit, socket }) => [...(socket ? [socket.unit] : []), unit]).sort(),
    running.map(({ unit }) => unit).sort(),
  );
  t.ok(
    kept.some(({ unit }) => unit === "stack-agent.service"),
    "the agent among them",
  );
  for (const { unit, command, user, writable, ready } of model.processes) {
    const lines = new Set(rendered(`/etc/systemd/system/${unit}`).split("\n"));
    t.ok(lines.has(`ExecStart=${command.join(" ")}`), unit);
    t.ok(lines.has(`User=${user}`) && lines.has(`Group=${user}`), unit);
    t.ok(lines.has(`Type=${{ notify: "notify", started: "simple", executed: "exec" }[ready]}`), unit);
    for (const folder of writable) t.ok(lines.has(`ReadWritePaths=${folder}`), `${unit}: ${folder}`);
  }
  t.end();
});

t.test("a service's port is its socket's, which outlives it; without one it listens by itself", (t) => {
  const cart = rendered("/etc/systemd/system/my-shop-cart.service");
  t.match(cart, /^Requires=my-shop-cart\.socket\nAfter=my-shop-cart\.socket$/m);
  t.match(cart, /^Type=notify$/m);
  t.match(cart, /^WatchdogSec=30$/m);
  const socket = rendered("/etc/systemd/system/my-shop-cart.socket");
  t.match(socket, /^ListenStream=9001\nBindIPv6Only=both\nAccept=no$/m);
  t.match(socket, /^TriggerLimitIntervalSec=0$/m, "a service that fails never closes it");
  const report = rendered("/etc/systemd/system/my-shop-report.service");
  t.notMatch(report, /\.socket|^Requires=|WatchdogSec/m);
  t.match(report, /^Type=exec$/m);
  t.strictSame(
    model.units.flatMap(({ unit, wantedBy }) => (unit.endsWith(".socket") && wantedBy ? [[unit, wantedBy]] : [])),
    [
      ["epmd.socket", "sockets.target"],
      ["my-shop-cart.socket", "my-shop.target"],
      ["my-shop-ledger.socket", "my-shop.target"],
    ],
  );
  t.strictSame(
    model.ports.filter(({ what }) => what === "service").map(({ port, activated }) => [port, activated]),
    [
      [9001, true],
      [9002, undefined],
      [9003, true],
    ],
  );
  t.end();
});
