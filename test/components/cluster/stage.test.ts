import t from "tap";
import { clusterStage } from "../../../components/cluster/agent/stage.ts";
import { run } from "../../../lib/run.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import { resolve } from "../../../stack/resolve.ts";

const model = resolve(
  parseDefinition(
    `name: shop
version: 1.0.0
container: {network: {address: 10.1.1.121/24, gateway: 10.1.1.1}}
cluster: {nodes: {a: 10.1.1.121, b: 10.1.1.122, c: 10.1.1.123}}
services: {web: {port: 8001}}
`,
    "stack.yaml",
  ),
);

const component = { files: [], specs: [], units: new Map() };

function problems(facts: { addresses: readonly string[]; certificate?: string; lacking?: readonly string[] }) {
  return clusterStage.preflight({ component, certificate: undefined, lacking: [], ...facts }, model);
}

t.test("a machine that is no member waits for a command, and nothing is wrong with it", async (t) => {
  t.match(problems({ addresses: ["10.1.1.122"] }), [
    { code: "not-a-member", message: /node b/, hint: /cluster init.*cluster join TOKEN/, waits: true },
  ]);
});

t.test("one whose address is none of the three is told what it has and what there is", async (t) => {
  t.match(problems({ addresses: ["10.1.1.9"] }), [
    { code: "not-a-node", message: /a: 10\.1\.1\.121.*it has 10\.1\.1\.9/, hint: /pct set/, waits: true },
  ]);
  t.match(problems({ addresses: [] }), [{ message: /it has no address/ }]);
});

t.test("a member has a certificate of its own address, and the cluster's secrets", async (t) => {
  const folder = t.testdir();
  const made = await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=a"],
    ...["-addext", "subjectAltName=IP:10.1.1.121", "-keyout", `${folder}/key`],
  ]);
  const certificate = made.stdout;
  t.same(problems({ addresses: ["10.1.1.121"], certificate }), []);
  t.match(problems({ addresses: ["10.1.1.121"], certificate, lacking: ["redis.auth"] }), [{ code: "not-a-member" }]);
  const [copy] = problems({ addresses: ["10.1.1.122"], certificate });
  t.match(copy, { code: "other-member" });
  t.equal(copy?.waits, undefined, "something is wrong there");
  t.match(problems({ addresses: ["10.1.1.121"], certificate: "no certificate" }), [{ code: "other-member" }]);
});
