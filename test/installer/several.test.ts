import { basename } from "node:path";
import t from "tap";
import { deploymentsDocument } from "../../stack/documents/deployment.ts";
import { type PaperNode, paperNode } from "./paper-node.ts";

t.setTimeout(300_000);

// On paper no container has an address: as far as a deployment gets there is `no-address`.

/** One cluster of two nodes, each with its own address. */
async function cluster(t: Parameters<typeof paperNode>[0], shared = false) {
  const one = await paperNode(t);
  const storages = `${one.folder}/node`;
  const two = await paperNode(t, { node: "pve2", joins: one.node, ...(shared && { storages }) });
  // An address of digits doesn't say which node it is.
  return both(one, two, { DEPLOY_NODE: "pve1,pve2" });
}

function both(one: PaperNode, two: PaperNode, names: Readonly<Record<string, string>> = {}) {
  const to = `${one.to},${two.to}`;
  const authorities = `${one.identity.caFile},${two.identity.caFile}`;
  const cli = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    one.cli(args, { env: { DEPLOY_TO: to, DEPLOY_CA_FILE: authorities, ...names, ...env } });
  return { one, two, to, cli };
}

const writes = ({ node }: PaperNode): string[] => node.state.carriedOut.filter((what) => !what.startsWith("GET "));

const brief = ["--timeout", "2"];

t.test("two nodes of a cluster: each makes its own container, with an id of its own", async (t) => {
  const { one, two, cli } = await cluster(t);
  const { stdout, stderr, code } = await cli([await one.template(), "--json", ...brief]);
  t.equal(code, 1, stderr);
  t.match(deploymentsDocument.parse(JSON.parse(stdout)), {
    deployments: [
      { to: one.to, error: { code: "no-address", message: /container 100 runs/ } },
      { to: two.to, error: { code: "no-address", message: /container 101 runs/ } },
    ],
  });
  for (const [paper, vmid, name] of [
    [one, 100, "pve1"],
    [two, 101, "pve2"],
  ] as const) {
    t.same(writes(paper), [
      `POST /nodes/${name}/storage/local/upload`,
      `POST /nodes/${name}/lxc`,
      `POST /nodes/${name}/lxc/${vmid}/status/start`,
    ]);
    t.match(one.node.state.guests.get(vmid), { node: name, status: "running" });
    t.match(stderr, new RegExp(`^${paper.to}: +create: creating container ${vmid}$`, "m"), "lines say whose they are");
  }
});

t.test("again, each node's own container is found by itself", async (t) => {
  const { one, two, cli } = await cluster(t);
  const path = await one.template();
  await cli([path, ...brief]);
  const before = [writes(one).length, writes(two).length];
  const { stderr } = await cli([path, ...brief]);
  t.match(stderr, /container 100 runs, but(.|\n)*container 101 runs, but/);
  t.same([writes(one).length, writes(two).length], before);
});

t.test("one that is out of reach doesn't stop the other; all is told at the end", async (t) => {
  const { one, two, cli } = await cluster(t);
  await two.door.close();
  const { stdout, stderr, code } = await cli([await one.template(), ...brief]);
  t.equal(code, 1);
  t.same(writes(one).length, 3);
  t.match(stderr, new RegExp(`^${two.to}: error: .* does not answer.*\\[node-unreachable\\]$`, "m"));
  t.match(stderr, /^ +left: container 100, running; the same command carries on with it$/m);
  t.match(stdout, new RegExp(`^${one.to} +failed \\[no-address\\]\n${two.to} +failed \\[node-unreachable\\]\n$`, "m"));
  await two.door.reopen();
});

t.test("a refusal on one is its own affair", async (t) => {
  const { one, two, cli } = await cluster(t);
  two.node.state.bridges = [];
  const { stdout, code } = await cli([await one.template(), "--json", ...brief]);
  t.equal(code, 1);
  t.match(JSON.parse(stdout), { deployments: [{ error: { code: "no-address" } }, { error: { code: "no-bridge" } }] });
  t.same(writes(two), []);
});

t.test("one vmid for two nodes of a cluster is refused; one for each goes to each", async (t) => {
  const { one, two, cli } = await cluster(t);
  const path = await one.template();
  const refused = await cli([path, "--vmid", "120"]);
  t.equal(refused.code, 1);
  t.match(
    refused.stderr,
    /are one cluster: vmid 120 can't be on both \[vmid-shared\]\nhint: +one for each: --vmid 120,121/,
  );
  t.same([...writes(one), ...writes(two)], []);
  const { stdout, code } = await cli([path, "--vmid", "120,130", "--hostname", "a,b", "--dry-run", "--json"]);
  t.equal(code, 0);
  t.match(JSON.parse(stdout), {
    intents: [
      { to: one.to, intent: { node: "pve1", create: { vmid: 120, hostname: "a" } } },
      { to: two.to, intent: { node: "pve2", create: { vmid: 130, hostname: "b" } } },
    ],
  });
});

t.test("two hosts of their own, with the same name even, may have the same vmid, each its own token", async (t) => {
  const { one, two, cli } = both(await paperNode(t), await paperNode(t));
  const { writeFile } = await import("node:fs/promises");
  for (const paper of [one, two]) await writeFile(`${paper.folder}/token`, paper.own, { mode: 0o600 });
  const tokens = ["--token-file", `${one.folder}/token,${two.folder}/token`];
  const { stdout, stderr } = await cli([await one.template(), "--vmid", "120", ...tokens, "--dry-run"]);
  t.match(stdout, /node pve1, .*, container 120\n(.|\n)*node pve1, .*, container 120\n/, stderr);
});

t.test("one address stands for several nodes of its cluster", async (t) => {
  const { one, two } = await cluster(t);
  const { stderr } = await one.cli([await one.template(), "--to", one.to, "--node", "pve1,pve2", ...brief]);
  t.match(stderr, /^pve1: create: creating container 100$/m);
  t.match(stderr, /^pve2: create: creating container 101$/m);
  t.equal(writes(two).length, 3);
});

t.test("into a storage that the nodes share the template is sent once", async (t) => {
  const { one, two, cli } = await cluster(t, true);
  for (const { node } of [one, two]) for (const storage of node.state.storages) storage.shared = 1;
  const path = await one.template();
  await cli([path, ...brief]);
  const sent = () => [...writes(one), ...writes(two)].filter((what) => what.endsWith("/upload"));
  t.equal(sent().length, 1);
  t.same(await one.node.templateNames("local"), [basename(path)]);
  t.equal(one.node.state.guests.size, 2);
  one.node.state.guests.clear();
  await cli([path, "--resend", ...brief]);
  t.equal(sent().length, 2, "and once more where it is to be sent again");
  t.equal(one.node.state.guests.size, 2);
});

t.test("lists that don't fit, a node named twice, a fixed address for two: refused, with what helps", async (t) => {
  const { one, two, cli, to } = await cluster(t);
  const path = await one.template();
  const told = async (expected: number, args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { code, stderr } = await cli([path, ...args], env);
    t.equal(code, expected, stderr);
    return stderr;
  };
  t.match(await told(64, ["--vmid", "120,121,122"]), /--vmid has 3 values, there are 2 nodes \[list-length\]/);
  t.match(
    await told(64, ["--to", one.to], { DEPLOY_NODE: "pve1", DEPLOY_VMID: "1,2" }),
    /DEPLOY_VMID has 2 values, there is one node/,
  );
  t.match(await told(64, ["--to", `${to},`]), /has an empty place/);
  t.match(await told(64, ["--to", `${one.to},${one.to}`], { DEPLOY_NODE: "" }), /a node is named twice \[same-node\]/);
  t.match(await told(1, ["--node", "pve1"]), /are both node pve1 \[same-node\]\nhint: .*pve2/);
  t.match(
    await told(1, ["--set", "container.network={address: 10.1.1.120/24, gateway: 10.1.1.1}"]),
    /would have one fixed address \[address-shared\]/,
  );
  t.match(await cli(["destroy", "--vmid", "120"]), { code: 64, stderr: /one node at a time \[several-nodes\]/ });
  t.same([...writes(one), ...writes(two)], []);
});
