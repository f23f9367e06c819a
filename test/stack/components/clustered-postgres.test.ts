import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import type { Model } from "../../../stack/model.ts";
import { renderFile } from "../../../stack/render/render-file.ts";
import { resolve } from "../../../stack/resolve.ts";

const text = `name: shop
version: 1.0.0
container: {network: {address: 10.1.1.121/24, gateway: 10.1.1.1}}
cluster: {nodes: {a: 10.1.1.121, b: 10.1.1.122, c: 10.1.1.123}}
services: {web: {port: 8001}}
postgres: {}
`;

const of = (debian = "12"): Model =>
  resolve(parseDefinition(`debian: ${debian === "12" ? "bookworm" : "trixie"}\n${text}`, "stack.yaml"));
const model = of();
const templates = (path: string) => readFileSync(join(import.meta.dirname, "../../..", path), "utf8");

function rendered(path: string, stack = model): string {
  const entry = stack.files.find((file) => file.path === path);
  if (entry === undefined) throw new TypeError(`${path} is no file of the stack`);
  const place = stack.cluster?.nodes[1];
  const context = { templates, ...(place && { place }), secret: (name: string) => `«${name}»` };
  return renderFile(entry, stack, context as never);
}

t.test("PostgreSQL is run by Patroni, beside etcd; what Debian would start stays off", async (t) => {
  const units = Object.fromEntries(model.units.map(({ unit, want }) => [unit, want]));
  t.match(units, { "patroni.service": "enabled", "etcd.service": "enabled", "postgresql.service": "masked" });
  t.notOk(Object.keys(units).some((unit) => unit.startsWith("postgresql@")));
  t.ok(["patroni", "etcd-server", "postgresql-15"].every((name) => model.packages.includes(name)));
  t.notOk(
    model.files.some(({ path }) => path.startsWith("/etc/postgresql/")),
    "no folder where Debian's tools look for a cluster to start",
  );
  t.ok(model.secrets.filter(({ name }) => name.startsWith("postgres.")).every(({ shared }) => shared));
});

t.test("Patroni and etcd listen at the machine's own address, and ask members for certificates", async (t) => {
  const patroni = rendered("/etc/patroni/config.yml");
  t.match(patroni, /^name: b$/m);
  t.match(patroni, /listen: 10\.1\.1\.122:8008[\s\S]*verify_client: required/);
  t.match(patroni, /^etcd:\n {2}hosts: \["10\.1\.1\.122:2379"\]/m);
  t.match(patroni, /"synchronous_mode_strict":true/);
  t.match(patroni, /"username":"stack_rewind".*"password":"«postgres\.rewind»"/);
  const etcd = rendered("/etc/etcd/stack.yml");
  t.match(etcd, /initial-cluster: a=https:\/\/10\.1\.1\.121:2380,b=https:\/\/10\.1\.1\.122:2380,c=/);
  t.equal(etcd.match(/"client-cert-auth":true/g)?.length, 2, "of clients and of members");
  t.notMatch(etcd, /0\.0\.0\.0|http:\/\//);
  const entries = model.files.filter(({ path }) => ["/etc/patroni/config.yml", "/etc/etcd/stack.yml"].includes(path));
  t.match(entries, [
    { mode: 0o640, when: "boot" },
    { mode: 0o640, when: "boot" },
  ]);
});

t.test("whoever logs in from elsewhere is a member, with a certificate and a password", async (t) => {
  const lines = rendered("/etc/patroni/pg_hba.conf")
    .split("\n")
    .filter((line) => /^(local|host)/.test(line));
  const remote = lines.filter((line) => !line.startsWith("local"));
  for (const line of remote) {
    t.match(line, /^hostssl .* 10\.1\.1\.12[123]\/32 {2}(scram-sha-256 clientcert=verify-ca|reject)$/);
  }
  t.equal(remote.length, 12);
  t.match(lines[1], /^local +replication +stack_replication +scram-sha-256$/, "Patroni asks its own server");
});

t.test(
  "Patroni 3.0 speaks etcd's older protocol, which asks whose the lock is; 4.0 takes no ttl below 20",
  async (t) => {
    const { patroni } = model.postgres ?? {};
    t.match(patroni, { etcd: { protocol: "etcd" }, dynamic: { ttl: 9 } });
    t.match(of("13").postgres?.patroni, { etcd: { protocol: "etcd3" }, dynamic: { ttl: 20 } });
    t.match(rendered("/etc/patroni/config.yml", of("13")), /^etcd3:$/m);
    for (const suite of ["12", "13"]) {
      const { ttl = 0, loop_wait = 0, retry_timeout = 0 } = of(suite).postgres?.patroni?.dynamic ?? {};
      t.ok(loop_wait + 2 * retry_timeout < ttl, `Debian ${suite}`);
    }
  },
);

t.test("services find the leader by libpq itself, with the machine's certificate", async (t) => {
  const service = model.services.find(({ name }) => name === "web");
  t.ok(service);
  const env = model.files.find(({ path }) => path.endsWith("/web.env"));
  if (env === undefined) throw new TypeError("the service has no env file");
  const settings = rendered(env.path);
  t.match(settings, /^POSTGRES_HOST=10\.1\.1\.121,10\.1\.1\.122,10\.1\.1\.123$/m);
  t.match(settings, /^PGTARGETSESSIONATTRS=read-write$/m);
  t.match(settings, /^PGSSLMODE=verify-full$/m);
  t.match(settings, /^PGSSLCERT=\/etc\/stack-cluster\/node\.crt$/m);
  t.match(settings, /^PGCONNECT_TIMEOUT=\d+$/m);
});
