import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { clusterGroup, nodeAddresses, otherNodes, placeOf } from "../../../stack/components/cluster/model.ts";
import type { AnyComponent } from "../../../stack/components/component.ts";
import { formOf } from "../../../stack/components/form-of.ts";
import { memcached } from "../../../stack/components/memcached/component.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import type { FileEntry } from "../../../stack/model.ts";
import { renderFile } from "../../../stack/render/render-file.ts";
import { resolve } from "../../../stack/resolve.ts";
import { faultsOf } from "../faults-of.ts";

const nodes = "{a: 10.1.1.121, b: 10.1.1.122, c: 10.1.1.123}";
const network = "container: {network: {address: 10.1.1.121/24, gateway: 10.1.1.1}}";

function text(more = "", { of = nodes, container = network } = {}): string {
  return `name: shop\nversion: 1.0.0\n${container}\ncluster: {nodes: ${of}}\nservices: {web: {port: 8001}}\n${more}`;
}

const model = resolve(parseDefinition(text(), "stack.yaml"));
const { cluster } = model;
if (cluster === undefined) throw new TypeError("no cluster");

const templates = (path: string) => readFileSync(join(import.meta.dirname, "../../..", path), "utf8");

t.test("three nodes in their order, and which one a machine is", async (t) => {
  t.match(cluster.nodes, [
    { name: "a", address: "10.1.1.121", index: 0 },
    { name: "b", index: 1 },
    { name: "c", address: "10.1.1.123", index: 2 },
  ]);
  const place = placeOf(cluster, ["fe80::1", "10.1.1.122"]);
  t.equal(place?.name, "b");
  t.equal(placeOf(cluster, ["10.1.1.12", "127.0.0.1"]), undefined, "no prefix of an address is one");
  if (place === undefined) return;
  t.same(
    otherNodes(cluster, place).map(({ name }) => name),
    ["a", "c"],
  );
  t.same(nodeAddresses(cluster), ["10.1.1.121", "10.1.1.122", "10.1.1.123"]);
});

t.test(
  "the agent and the services may read the machine's key; a stack of one machine knows nothing of it",
  async (t) => {
    for (const { name, groups } of model.users)
      t.ok(
        groups.some((group) => group.name === clusterGroup.name),
        name,
      );
    const sysusers = model.files.find(({ path }) => path === "/usr/lib/sysusers.d/stack-agent.conf");
    t.match(
      sysusers && renderFile(sysusers, model, { templates }),
      /^g stack-cluster 308\n(.*\n)*m svc-web stack-cluster$/m,
    );
    t.ok(model.files.some(({ path, mode }) => path === "/etc/stack-cluster" && mode === 0o755));
    const single = resolve(parseDefinition(text().replace(/^cluster.*\n/m, ""), "stack.yaml"));
    t.equal(single.cluster, undefined);
    t.notMatch(JSON.stringify([single.files, single.users, single.packages]), "stack-cluster");
  },
);

t.test("a packaged account's further groups are made", async (t) => {
  const accounts = [{ name: "redis", id: 303, groups: [clusterGroup] }];
  const entry = model.files.find(({ path }) => path === "/usr/lib/sysusers.d/stack-agent.conf") as FileEntry;
  const of = { ...model, users: [], packagedAccounts: accounts };
  t.match(renderFile(entry, of, { templates }), /\ng stack-cluster 308\nm redis stack-cluster\n$/);
});

t.test("a component is clustered where it says how, and the stack has a cluster", async (t) => {
  const component: AnyComponent = {
    ...(memcached as unknown as AnyComponent),
    clustered: { packages: () => ["memcached", "etcd-server"] },
    external: { ownSettings: [], secrets: () => [], connection: { addresses: () => [], environment: () => [] } },
  };
  const packages = (section: unknown, of: unknown) => formOf(component, section, of).packages(model);
  t.same(packages({}, undefined), ["memcached"]);
  t.same(packages({}, {}), ["memcached", "etcd-server"]);
  t.same(packages({ external: {} }, {}), [], "external goes before");
  t.equal(formOf(component, {}, {}).label, component.label);
});

t.test("a boot file's template has the machine's place; its address is in no file that is baked", async (t) => {
  const entry: FileEntry = {
    ...{ path: "/etc/x", component: "memcached", kind: "file", template: "x.ejs", mode: 0o644 },
    ...{ owner: "root:root", when: "boot" },
  };
  const [, place] = cluster.nodes;
  t.equal(
    renderFile(entry, model, { templates: () => "<%= place.name %> <%= place.address %>", ...(place && { place }) }),
    "b 10.1.1.122",
  );
});

t.test(
  "provisioning is after the interface that has the machine's address, and of one machine it is not",
  async (t) => {
    const unit = (of: typeof model): string => {
      const entry = of.files.find(({ path }) => path.endsWith("/stack-provision.service")) as FileEntry;
      return renderFile(entry, of, { templates });
    };
    t.match(unit(model), /^After=.* networking\.service$/m);
    t.notMatch(unit(resolve(parseDefinition(text().replace(/^cluster.*\n/m, ""), "f"))), "networking.service");
  },
);

t.test("what is wrong with the section is told, and what can't be beside it", async (t) => {
  t.same(faultsOf(text()), []);
  const wrong: readonly (readonly [string, RegExp])[] = [
    [text("", { of: "{a: 10.1.1.121, b: 10.1.1.122}" }), /cluster\.nodes: has 2; a cluster has three/],
    [text("", { of: "{a: 10.1.1.121, b: 10.1.1.121, c: 10.1.1.123}" }), /cluster\.nodes: has an address twice/],
    [text("", { of: "{a: 10.1.1.121, b: 10.1.1.122/24, c: 10.1.1.123}" }), /must be an IPv4 address without prefix/],
    [text("", { of: "{a: 10.1.1.121, b: 10.1.2.122, c: 10.1.1.123}" }), /cluster\.nodes\.b: is not in the network of/],
    [text("", { of: "{a: 10.1.1.121, b_2: 10.1.1.122, c: 10.1.1.123}" }), /must be lower-case words/],
    [text("", { of: "{a: 10.1.1.124, b: 10.1.1.122, c: 10.1.1.123}" }), /address: is none of the cluster's nodes/],
    [text("", { container: "" }), /needs fixed addresses, e\.g\. container\.network: \{address/],
    [text("", { container: "container: {network: {address6: 'fd00::1/64'}}" }), /needs fixed addresses/],
    [text("backup: {target: {directory: /mnt/b}}\npostgres: {external: {addresses: [db]}}\n"), /is of one machine/],
    [text("redis: {external: {addresses: [r:1]}}\n"), /redis\.external: excludes a cluster; leave one of the two out/],
    [text().replace("8001", "8090"), /port 8090 is also a member's that waits for another one/],
  ];
  for (const [definition, fault] of wrong)
    t.ok(
      faultsOf(definition).some((one) => fault.test(one)),
      String(fault),
    );
});
