/** The whole of a cluster: PostgreSQL, Redis and RabbitMQ of three machines, formed by joining, and one of them lost. */
import t, { type Test } from "tap";
import { waitFor } from "../../../lib/wait.ts";
import { type ClusterDocument, clusterDocument } from "../../../stack/documents/cluster.ts";
import { statusDocument } from "../../../stack/documents/status.ts";
import type { Machine } from "../create-machine.ts";
import { canRunContainers } from "../needs.ts";
import { failedUnits } from "../rows/machine.ts";
import { planIsEmpty } from "../rows/reboot.ts";
import { tellState } from "../stack-machine.ts";
import { agent, buildTemplate, clusterSections, nodeNames, nodes, threeMachines } from "./three-machines.ts";

t.setTimeout(30 * 60_000);

const definition = `name: shop
version: 1.0.0
${clusterSections}postgres: {}
redis: {}
rabbitmq: {}
services: { till: { port: 8001 } }
`;

if (await canRunContainers(t)) {
  const machines = await threeMachines(t, await buildTemplate(t, definition));
  const { a, b, c } = machines;

  t.test("init, a token, two joins: three machines are one healthy stack", async (t) => {
    await Promise.all([a, b, c].map((machine) => machine.start()));
    await stageWaits(a);
    await agent(a, "cluster init");
    const { stdout: token } = await agent(a, "cluster token");
    await agent(b, "cluster join", [0], token);
    await agent(c, "cluster join", [0], token);
    for (const machine of [a, b, c]) {
      const { stdout, code } = await agent(machine, "status --wait --timeout 300 --format json", [0, 1, 2, 3]);
      const status = statusDocument.parse(JSON.parse(stdout));
      if (!t.ok(code === 0 || code === 2, `a machine is ${status.status}`)) await tellState(t, machine);
    }
    await clusterIs(t, a, "healthy", 120);
    for (const machine of [a, b, c]) {
      await planIsEmpty(t, machine);
      t.strictSame(await failedUnits(machine), []);
    }
  });

  t.test("on the cluster's addresses nobody is spoken with who shows no certificate of its authority", async (t) => {
    const members = (port: number) =>
      `</dev/null timeout 10 openssl s_client -connect ${nodes.b}:${port} -CAfile /etc/stack-cluster/ca.crt`;
    const own = "-cert /etc/stack-cluster/node.crt -key /etc/stack-cluster/node.key";
    for (const port of [2379, 2380, 6379, 5671]) {
      const without = await a.sh(
        `(sleep 1; echo PING) | ${members(port).replace("</dev/null ", "")} -quiet 2>&1 || true`,
      );
      t.match(without, /alert|errno|closed|certificate required|handshake failure/i, `${port} without one`);
      const shown = await a.sh(`${members(port)} ${own} 2>&1 || true`);
      t.match(shown, /Verify return code: 0 \(ok\)/, `${port} with one`);
    }
  });

  for (const lost of nodeNames) {
    t.test(`${lost} loses its power: the others go on, and it comes back`, async (t) => {
      const others = nodeNames.filter((name) => name !== lost).map((name) => machines[name]);
      const [other] = others;
      if (other === undefined) return;
      await machines[lost].stop({ kill: true });
      await clusterIs(t, other, "degraded", 120);
      await becomesHealthy(t, others);
      await machines[lost].start();
      await clusterIs(t, other, "healthy", 240);
    });
  }
}

/** A service's own look at PostgreSQL, Redis and RabbitMQ: it writes and reads. */
async function becomesHealthy(t: Test, machines: readonly Machine[]): Promise<void> {
  for (const machine of machines) {
    const url = `http://${await machine.address()}:8001/health`;
    const healthy = async () => (await machine.peer.http({ url })).status === 200;
    await waitFor(healthy, { what: `${url} to answer 200`, timeout: 120_000, interval: 500 });
    t.pass(`${url} answers 200`);
  }
}

async function clusterIs(t: Test, machine: Machine, wanted: ClusterDocument["status"], seconds: number): Promise<void> {
  let last: ClusterDocument | undefined;
  const look = async () => {
    const { stdout } = await agent(machine, "cluster status --json", [0, 1, 2]);
    last = clusterDocument.parse(JSON.parse(stdout));
    return last.status === wanted;
  };
  try {
    await waitFor(look, { what: `the cluster to be ${wanted}`, timeout: seconds * 1000, interval: 2_000 });
    t.pass(`the cluster is ${wanted}`);
  } catch (error) {
    t.comment(JSON.stringify(last, undefined, 1));
    await tellState(t, machine);
    throw error;
  }
}

async function stageWaits(machine: Machine): Promise<void> {
  const waits = async () => (await machine.sh("cat /run/stack-agent/progress.json || true")).includes("not-a-member");
  await waitFor(waits, { what: "the machine to wait for its membership", timeout: 120_000, interval: 500 });
}
