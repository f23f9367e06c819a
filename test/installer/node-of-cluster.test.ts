import t from "tap";
import { nodeOfCluster } from "../../installer/wanted/node-of-cluster.ts";
import { readDefinition } from "../../stack/definition/parse.ts";
import { fixedAddresses } from "../../stack/net-addresses.ts";
import { resolve } from "../../stack/resolve.ts";

const text = `name: shop
version: 1.0.0
container: {network: {address: 10.1.1.121/20, gateway: 10.1.1.1}}
cluster: {nodes: {a: 10.1.1.121, b: 10.1.1.122, c: 10.1.1.123}}
services: {web: {port: 8001}}
`;

const model = (set: readonly string[] = [], of = text) => resolve(readDefinition(of, "stack.yaml", set).definition);

t.test(
  "of three containers each is a node: its address, with the network's prefix, and a name of its own",
  async (t) => {
    const made = [0, 1, 2].map((index) => model(nodeOfCluster(model(), index, 3)));
    t.same(
      made.map(({ definition }) => fixedAddresses(definition.container.network)),
      [["10.1.1.121"], ["10.1.1.122"], ["10.1.1.123"]],
    );
    t.same(
      made.map(({ definition }) => definition.container.hostname),
      ["shop-a", "shop-b", "shop-c"],
    );
    t.match(made[1]?.definition.container.network, { address: "10.1.1.122/20", gateway: "10.1.1.1" });
  },
);

t.test("one container alone, or a stack of one machine, is as its definition says", async (t) => {
  t.same(nodeOfCluster(model(), 0, 1), []);
  t.same(nodeOfCluster(model(), 1, 2), []);
  t.same(nodeOfCluster(model([], text.replace(/^cluster.*\n/m, "")), 0, 3), []);
});
