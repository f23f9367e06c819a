/** Redis and RabbitMQ on three machines, as their files have them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { budget } from "../../../stack/budget.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import type { Model } from "../../../stack/model.ts";
import { renderFile } from "../../../stack/render/render-file.ts";
import { resolve } from "../../../stack/resolve.ts";
import { faultsOf } from "../faults-of.ts";
import { clusterDefinition } from "./cluster-definition.ts";

const templates = (path: string) => readFileSync(join(import.meta.dirname, "../../..", path), "utf8");
const text = clusterDefinition("redis: {}\nrabbitmq: {}\n");
const model = resolve(parseDefinition(text, "stack.yaml"));
const single = resolve(parseDefinition(text.replace(/^cluster.*\n/m, ""), "stack.yaml"));

function fileOf(path: string, of: Model = model): string {
  const entry = of.files.find((one) => one.path === path);
  if (entry === undefined) throw new TypeError(`no ${path}`);
  const place = of.cluster?.nodes[1];
  const more = { budget: budget(of, 2048), secret: (name: string) => `«${name}»`, ...(place && { place }) };
  return renderFile(entry, of, { templates, ...(entry.when === "boot" ? more : {}) });
}

t.test("a Redis node of a cluster has no port without TLS, and none for who is no member", async (t) => {
  t.strictSame(
    model.redis?.nodes.map(({ port }) => port),
    [6379, 6380],
  );
  const config = fileOf("/etc/redis/redis-6380.conf");
  for (const line of ["bind 10.1.1.122", "port 0", "tls-port 6380", "tls-auth-clients yes", "tls-cluster yes"]) {
    t.match(config, new RegExp(`^${line.replaceAll(".", "\\.")}$`, "m"));
  }
  for (const line of [
    "tls-replication yes",
    "cluster-announce-ip 10\\.1\\.1\\.122",
    "cluster-require-full-coverage no",
  ]) {
    t.match(config, new RegExp(`^${line}$`, "m"));
  }
  t.match(config, /^cluster-allow-replica-migration no$/m);
  t.notMatch(config, "127.0.0.1");
  t.notMatch(fileOf("/etc/redis/redis-6380.conf", single), /tls|migration/);
});

t.test("brokers of a cluster speak TLS with each other, and ask no port mapper", async (t) => {
  const env = fileOf("/etc/rabbitmq/rabbitmq-env.conf");
  t.match(env, /^NODENAME=rabbit@10\.1\.1\.122$/m);
  t.match(env, /-proto_dist inet_tls .*-start_epmd false -erl_epmd_port 25672/);
  t.match(env, /-kernel inet_dist_use_interface \{10,1,1,122\}/);
  const tls = fileOf("/etc/rabbitmq/inter-node-tls.config");
  t.equal(tls.match(/verify, verify_peer/g)?.length, 2, "both ways");
  const config = fileOf("/etc/rabbitmq/rabbitmq.conf");
  t.match(config, /^listeners\.ssl\.1 = 10\.1\.1\.122:5671$/m);
  t.match(config, /^ssl_options\.fail_if_no_peer_cert = true$/m);
  t.match(config, /^listeners\.tcp\.1 = 127\.0\.0\.1:5672$/m);
  t.match(config, /^cluster_partition_handling = pause_minority$/m);
  t.notMatch(config, /^load_definitions/m, "a start without a second broker could load nothing");
  t.match(fileOf("/etc/rabbitmq/conf.d/first-user.conf"), /^default_pass = «rabbitmq.admin»$/m);
});

t.test("a broker of several leads nothing by itself; one that is alone is as it was", async (t) => {
  const parts = (of: Model) =>
    of.files.filter(({ path }) => path.endsWith(".erl")).map(({ path }) => path.replace(/.*rabbitmq-/, ""));
  t.strictSame(parts(model), ["log.erl", "start.erl"]);
  t.strictSame(parts(single), ["log.erl", "start.erl", "lead.erl"]);
  const unit = fileOf("/etc/systemd/system/rabbitmq-server.service");
  t.notMatch(unit, "lead.erl");
  t.match(unit, /^IPAddressAllow=10\.1\.1\.121 10\.1\.1\.122 10\.1\.1\.123$/m);
  t.match(unit, /^ConditionPathExists=\/etc\/stack-cluster\/node\.crt$/m);
  t.match(fileOf("/etc/rabbitmq/rabbitmq-env.conf", single), /^NODENAME=rabbit@localhost$/m);
  t.notMatch(fileOf("/etc/rabbitmq/rabbitmq-env.conf", single), /inet_tls|CTL_ERL_ARGS/);
  t.match(fileOf("/etc/rabbitmq/rabbitmq.conf", single), /^load_definitions/m);
});

t.test("who is no member reaches nothing: what is open beyond loopback is the members'", async (t) => {
  const open = model.ports.filter(({ owner, bind }) => ["redis", "rabbitmq"].includes(owner) && bind === "members");
  t.strictSame(
    open.map(({ port }) => port).sort((x, y) => x - y),
    [5671, 6379, 6380, 16379, 16380, 25672],
  );
  t.notOk(model.ports.some(({ owner, bind }) => ["redis", "rabbitmq"].includes(owner) && bind === "any"));
  for (const name of ["redis", "rabbitmq"]) {
    t.match(
      model.packagedAccounts.filter((account) => account.name === name),
      [{ groups: [{ name: "stack-cluster" }] }],
    );
    t.ok(model.secrets.filter((secret) => secret.name.startsWith(`${name}.`)).every(({ shared }) => shared));
  }
});

t.test("services are told all addresses, and what they show there", async (t) => {
  const env = fileOf("/etc/shop/till.env");
  t.match(env, /^REDIS_NODES="?10\.1\.1\.121:6379,10\.1\.1\.122:6379,10\.1\.1\.123:6379,10\.1\.1\.121:6380,/m);
  t.match(env, /^RABBITMQ_HOST="?10\.1\.1\.121,10\.1\.1\.122,10\.1\.1\.123/m);
  t.match(env, /^RABBITMQ_PORT="?5671,5671,5671/m);
  for (const part of ["REDIS", "RABBITMQ"]) {
    t.match(env, new RegExp(`^${part}_CA="?/etc/stack-cluster/ca.crt`, "m"));
    t.match(env, new RegExp(`^${part}_CERTIFICATE="?/etc/stack-cluster/node.crt`, "m"));
    t.match(env, new RegExp(`^${part}_KEY="?/etc/stack-cluster/node.key`, "m"));
  }
});

t.test("Debian 12's own RabbitMQ is too old for a cluster, and is refused before anything is built", async (t) => {
  const faults = (sources: string, debian = "bookworm") =>
    faultsOf(`debian: ${debian}\n${clusterDefinition(`rabbitmq: {sources: [${sources}]}\n`)}`);
  t.match(JSON.stringify(faults("debian")), /rabbitmq.*sources/);
  t.strictSame(faults("relocated, debian"), []);
  t.strictSame(faults("debian", "trixie"), []);
});
