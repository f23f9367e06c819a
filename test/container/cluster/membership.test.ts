/** Three containers of one template become members of one cluster: by init, a token, and joins. */
import t from "tap";
import { statusDocument } from "../../../stack/documents/status.ts";
import { canRunContainers } from "../needs.ts";
import { tellState } from "../stack-machine.ts";
import { agent, buildTemplate, clusterSections, nodes, stageIs, threeMachines } from "./three-machines.ts";

t.setTimeout(20 * 60_000);

/** Without servers of its own: nothing but the membership is looked at. */
const definition = `name: shop
version: 1.0.0
${clusterSections}memcached: { memory: 64 MiB }
services: { till: { port: 8001 } }
`;

if (await canRunContainers(t)) {
  const template = await buildTemplate(t, definition);
  const { a, b, c } = await threeMachines(t, template);
  t.teardown(async () => {
    if (!t.passing()) await tellState(t, a);
  });

  t.test("nothing in the template is secret, and who is no member waits, and has not failed", async (t) => {
    await Promise.all([a, b, c].map((machine) => machine.start()));
    for (const machine of [a, b, c]) {
      t.equal(await stageIs(machine, "cluster", "waiting", 120), "not-a-member");
      t.equal(await machine.sh("ls /etc/stack-cluster"), "");
      t.equal(await stageIs(machine, "memcached", "done", 60), "none", "what needs no member is done");
    }
    const { stdout } = await agent(b, "status --format json", [3]);
    const status = statusDocument.parse(JSON.parse(stdout));
    t.equal(status.status, "working");
    t.match(
      status.stages.find(({ id }) => id === "cluster")?.error?.message,
      /node b, and no member of the cluster yet/,
    );
    t.match((await agent(b, "status", [3])).stdout, /next.*\n.*stack-agent cluster join TOKEN/);
    t.equal(await b.sh("systemctl is-active shop-till.service || true"), "inactive", "its services wait too");
    t.match((await agent(b, "cluster token", [1])).stderr, /not-a-member/);
  });

  t.test("init makes the first, a token takes in the others, and each of it done twice changes nothing", async (t) => {
    t.match((await agent(a, "cluster init")).stdout, /node a, is the first member/);
    t.match((await agent(a, "cluster init")).stdout, /member already; nothing was changed/);
    const { stdout: token } = await agent(a, "cluster token --ttl 120");
    t.match(token, /^a\.[\w-]{32}\.[\w-]{43}\n$/);
    t.notOk((await a.sh("cat /var/lib/stack-agent/cluster/tokens.json")).includes(token.split(".")[1] ?? "?"));
    t.match((await agent(b, "cluster init", [1])).stderr, /cluster-exists/, "no second cluster beside it");
    t.match((await agent(b, "cluster join", [0], token)).stdout, /node b, is a member/);
    t.match((await agent(b, "cluster join", [0], token)).stdout, /member already/);
    t.match((await agent(c, `cluster join ${token.trim()}`)).stdout, /node c, is a member/);
    for (const machine of [a, b, c]) {
      await stageIs(machine, "services", "done", 120);
      const { stdout } = await agent(machine, "status --wait --timeout 120 --format json");
      t.equal(statusDocument.parse(JSON.parse(stdout)).status, "healthy");
    }
    const journals = await Promise.all([a, b, c].map((machine) => machine.sh("journalctl --no-pager -b")));
    t.notOk(
      journals.some((text) => text.includes(token.split(".")[1] ?? "?")),
      "no journal has the token",
    );
  });

  t.test("a member shows the others a certificate of its own, and its key is read by those who serve", async (t) => {
    for (const machine of [a, b, c]) {
      const shown = await machine.sh("openssl x509 -in /etc/stack-cluster/node.crt -noout -ext subjectAltName");
      t.match(shown, new RegExp(`IP Address:${await machine.address()}`));
      t.match(await machine.sh("stat -c '%a %U:%G' /etc/stack-cluster/node.key"), "640 root:stack-cluster");
      t.match(await machine.sh("stat -c '%a %U:%G' /var/lib/stack-agent/cluster/ca.key"), "600 root:root");
      t.match(await machine.sh("id -nG stack-agent; id -nG svc-till"), /stack-cluster.*\n.*stack-cluster/);
      await machine.sh("runuser -u svc-till -- test -r /etc/stack-cluster/node.key");
    }
    const keys = await Promise.all([a, b, c].map((machine) => machine.sh("sha256sum </etc/stack-cluster/node.key")));
    t.equal(new Set(keys).size, 3);
    await b.sh(`openssl verify -CAfile /etc/stack-cluster/ca.crt /etc/stack-cluster/node.crt`);
  });

  t.test("once the token's time is over nobody listens any more, and a join says so", async (t) => {
    const { stdout: token } = await agent(a, "cluster token --ttl 1");
    await a.sh("rm /var/lib/stack-agent/cluster/tokens.json");
    await a.sh("while systemctl is-active -q stack-cluster-join; do sleep 0.2; done", { timeout: 60_000 });
    await c.sh("rm /etc/stack-cluster/node.crt");
    t.match((await agent(c, "cluster join", [1], token)).stderr, /unreachable[\s\S]*cluster token/);
    t.match((await agent(c, "cluster join", [64], "a.b")).stderr, /token-malformed/);
    const fresh = (await agent(b, "cluster token")).stdout;
    t.match((await agent(c, "cluster join", [0], fresh)).stdout, /node c, is a member/, "any member takes one in");
    t.equal(nodes.c, await c.address());
  });

  t.test("a second boot ends healthy", async (t) => {
    await a.reboot({ kill: true });
    await stageIs(a, "cluster", "done", 120);
    const { stdout } = await agent(a, "status --wait --timeout 120 --format json");
    t.equal(statusDocument.parse(JSON.parse(stdout)).status, "healthy");
  });
}
