import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { waitReady } from "../../installer/flow/ready.ts";
import { nodeNames } from "../../installer/node/node.ts";
import { plainProgress } from "../../lib/progress/plain.ts";
import type { NetworkSettings } from "../../stack/definition/network.ts";
import { deploymentDocument } from "../../stack/documents/deployment.ts";
import type { HealthDocument } from "../../stack/documents/health.ts";
import { openApiDoor } from "../node/api-door.ts";
import { paperGuests } from "../node/guests.ts";
import { paperNode } from "./paper-node.ts";

t.setTimeout(300_000);

// What answers here for the agent listens on one address of this machine: which of a container's
// addresses is asked, and how it is written, is looked at, and nothing of a stack.

async function agentOn(
  t: Test,
  address: string,
  status: HealthDocument["status"] = "pass",
  { port = 0, asked = async () => {} }: { readonly port?: number; readonly asked?: () => Promise<unknown> } = {},
): Promise<number> {
  const health: HealthDocument = {
    ...{ schemaVersion: 1, status, serviceId: "shop", description: "a stack", checks: {} },
    components: [{ name: "disk", status, code: "ok", latencyMs: 1, ageMs: 1 }],
  };
  const server = createServer(async (_request, response) => {
    await asked();
    response.writeHead(200, { "content-type": "application/health+json" }).end(JSON.stringify(health));
  });
  server.listen(port, address);
  await once(server, "listening");
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Of a container whose eth0 has these addresses. */
const having = (...addresses: string[]) => ({ ...paperGuests, addresses: async () => addresses });

t.test("a container is reached at whichever of its addresses answers; all are printed, URLs as URLs are", async (t) => {
  const port = await agentOn(t, "::1");
  const guests = having("127.0.0.77/8", "::1/64", "fe80::1/64");
  const paper = await paperNode(t, { guests, version: "9.2.11" });
  const stack = `name: shop\nversion: 1.0.0\nagent: { port: ${port} }\nservices:\n  hello: { port: 8001 }\n`;
  const path = await paper.template(stack);
  const set = ["--set", "container.network={address: dhcp, address6: auto}"];
  const { stdout, stderr, code } = await paper.cli([path, "--to", paper.to, "--vmid", "120", ...set, "--json"]);
  t.equal(code, 0, stderr);
  t.match(deploymentDocument.parse(JSON.parse(stdout)), {
    ...{ status: "healthy", address: "::1", addresses: ["127.0.0.77", "::1"] },
    urls: [
      { name: "agent", url: `http://[::1]:${port}/health` },
      { name: "hello", url: "http://[::1]:8001/health" },
    ],
    taskWarnings: [/^Systemd 252 detected/],
  });
  t.match(paper.node.state.guests.get(120)?.config.net0, /,ip=dhcp,ip6=auto,/);
  const again = await paper.cli([path, "--to", paper.to, "--vmid", "120", ...set]);
  t.match(again.stdout, /is healthy: nothing to do\naddress +127\.0\.0\.77, ::1\nagent +http:\/\/\[::1\]:/);
});

/** Of a container that has one list of addresses after the other, each for a few looks; the last stays. */
function coming(...lists: readonly (readonly string[])[]) {
  let looks = 0;
  const now = (): readonly string[] => lists[Math.min(Math.floor(looks++ / 3), lists.length - 1)] ?? [];
  return { addresses: async () => ({ addresses: now(), complete: true }) } as never;
}

/** What is known of a container with an agent, and what was said on the way. */
async function waited(t: Test, node: never, network: NetworkSettings, timeout = 60_000, at?: number) {
  const port = at ?? (await agentOn(t, "127.0.0.77"));
  const lines: string[] = [];
  const ready = await waitReady(node, {
    ...{ vmid: 120, port, bridge: "vmbr0", network, timeout },
    signal: new AbortController().signal,
    onLine: (line) => lines.push(line),
  });
  return { ...ready, missing: ready.missing.map(({ option }) => option), lines };
}

const both = { address: "dhcp", address6: "auto", dns: [] as string[] } satisfies NetworkSettings;
const advertised = "fd00::be24:11ff:fe00:1";

t.test(
  "where both families are asked for, the later one is waited for, whichever that is; both are told",
  async (t) => {
    const later6 = await waited(t, coming([], ["127.0.0.77"], ["127.0.0.77", advertised]), both);
    t.match(later6, { address: "127.0.0.77", addresses: ["127.0.0.77", advertised], missing: [] });
    t.match(later6.lines, [
      "address 127.0.0.77; waits for ip6=auto",
      `address 127.0.0.77, ${advertised}`,
      "all answers",
    ]);
    const later4 = await waited(t, coming([], [advertised], [advertised, "127.0.0.77"]), both);
    t.match(
      later4,
      { address: "127.0.0.77", addresses: ["127.0.0.77", advertised], missing: [] },
      "what is asked for first comes first",
    );
  },
);

t.test("what was asked for is waited for, not another of its family that is there sooner", async (t) => {
  const leased = await waited(t, coming(["127.0.0.77", advertised], ["127.0.0.77", advertised, "fd00::8f"]), {
    ...both,
    address6: "dhcp",
  });
  t.match(leased, { addresses: ["127.0.0.77", "fd00::8f", advertised], missing: [] });
  const fixed = await waited(
    t,
    coming(["127.0.0.77", advertised], ["127.0.0.77", "fd00::120"]),
    // As nobody but people writes it.
    { ...both, address6: "FD00:0:0::0120/64" },
  );
  t.match(fixed, { addresses: ["127.0.0.77", "fd00::120"], missing: [] });
});

t.test("what nobody gives is not waited for for ever: the stack is healthy without, and that is told", async (t) => {
  const static4 = { address: "10.1.1.120/24", gateway: "10.1.1.1", address6: "auto", dns: both.dns } as const;
  for (const [network, missing, addresses] of [
    [both, "ip6=auto", ["127.0.0.77"]],
    [{ ...both, address6: "dhcp" }, "ip6=dhcp", ["127.0.0.77", advertised]],
    [static4, "ip=10.1.1.120/24", [advertised, "127.0.0.77"]],
  ] as const) {
    t.match(await waited(t, coming(addresses), network, 4000), {
      address: "127.0.0.77",
      addresses,
      missing: [missing],
    });
  }
  const port = await agentOn(t, "127.0.0.77");
  const paper = await paperNode(t, { guests: having("127.0.0.77/8", "fe80::1/64"), version: "9.2.11" });
  const path = await paper.template(
    `name: shop\nversion: 1.0.0\nagent: { port: ${port} }\nservices:\n  hello: { port: 8001 }\n`,
  );
  const args = [path, "--to", paper.to, "--vmid", "120", "--set", `container.network=${JSON.stringify(both)}`];
  for (const steps of [["upload", "create", "start", "wait"], []]) {
    const { stdout, stderr, code } = await paper.cli([...args, "--timeout", "6", "--json"]);
    t.equal(code, 0, stderr);
    t.match(JSON.parse(stdout), { steps, addresses: ["127.0.0.77"], missingAddresses: ["ip6=auto"] });
    t.match(
      stderr,
      /^warning: container 120 has no address by ip6=auto; is there a router that advertises a prefix on bridge vmbr0\?$/m,
    );
  }
});

t.test("a node of version 8 does not tell IPv6's: none is waited for, and that is told", async (t) => {
  const port = await agentOn(t, "127.0.0.77");
  const paper = await paperNode(t, { guests: having("127.0.0.77/8", "fd00::8f/128", "fe80::1/64"), version: "8.4.1" });
  const path = await paper.template(
    `name: shop\nversion: 1.0.0\nagent: { port: ${port} }\nservices:\n  hello: { port: 8001 }\n`,
  );
  const lines: string[] = [];
  const progress = plainProgress((line) => lines.push(line));
  const set = [`container.network=${JSON.stringify(both)}`];
  const made = await paper.deploy(path, { set, progress, patience: { healthy: 60_000 } });
  t.match(made, { addresses: ["127.0.0.77"], missingAddresses: ["ip6=auto"] });
  t.match(lines.join("\n"), /does not tell what container 120 has by ip6=auto; .*: pct exec 120 -- ip -6 address show/);
});

t.test("an address that came later is found; where IPv4 leads nowhere, IPv6 does", async (t) => {
  const port = await agentOn(t, "::1");
  let asked = 0;
  const node = {
    addresses: async () => ({ addresses: ++asked > 1 ? ["127.0.0.77", "::1"] : ["127.0.0.77"], complete: true }),
  };
  const ready = await waitReady(node as never, {
    ...{ vmid: 120, port, bridge: "vmbr0", network: "dhcp", timeout: 60_000 },
    signal: new AbortController().signal,
    onLine: () => {},
  });
  t.match(ready, { address: "::1", addresses: ["127.0.0.77", "::1"] });
});

t.test("where the node tells of IPv6 the link's address alone, the fixed one is asked", async (t) => {
  const port = await agentOn(t, "::1");
  const paper = await paperNode(t, { guests: having("::1/64", "fe80::1/64") });
  const { node } = await paper.connect();
  paper.node.state.guests.set(120, {
    ...{ vmid: 120, type: "lxc", node: "pve1", lock: undefined, status: "running", config: {} },
  });
  t.same(await node.addresses(120), { addresses: [], complete: false }, "as version 8 does");
  const ready = await waitReady(node, {
    ...{ vmid: 120, port, bridge: "vmbr0", network: { address6: "::1/64", dns: [] }, timeout: 60_000 },
    signal: new AbortController().signal,
    onLine: () => {},
  });
  t.equal(ready.address, "::1");
});

t.test(
  "a node is reached at an IPv6 address, with brackets and a port or without; its certificate is checked",
  async (t) => {
    const paper = await paperNode(t);
    const door = await openApiDoor(paper.node, paper.identity, { host: "::1" });
    t.teardown(() => door.close());
    const to = `[::1]:${door.port}`;
    const { stdout, code, stderr } = await paper.cli([await paper.template(), "--to", to, "--dry-run"]);
    t.equal(code, 0, stderr);
    t.match(stdout, /^node pve1, /);
    const untrusted = await paper.cli([await paper.template(), "--to", to, "--dry-run"], {
      env: { DEPLOY_CA_FILE: undefined },
    });
    t.match(untrusted.stderr, /the certificate of \[::1\]:\d+ is signed by nobody/);
    const bare = await paper.cli([await paper.template(), "--to", "::1", "--dry-run"]);
    t.match(bare.stderr, /https:\/\/\[::1\]:8006 does not answer/);
    const { transport } = await paper.connect({ target: { to } });
    t.same(await nodeNames(transport), ["pve1"]);
  },
);

t.test(
  "two containers of one fixed address, of either family, are refused; two of advertised ones are not",
  async (t) => {
    const one = await paperNode(t);
    const two = await paperNode(t, { node: "pve2", joins: one.node });
    const env = {
      DEPLOY_TO: `${one.to},${two.to}`,
      DEPLOY_NODE: "pve1,pve2",
      DEPLOY_CA_FILE: `${one.identity.caFile},${two.identity.caFile}`,
    };
    const path = await one.template();
    const told = async (network: string) =>
      one.cli([path, "--dry-run", "--set", `container.network=${network}`], { env });
    t.match(await told("{address6: fd00::120/64}"), { code: 1, stderr: /one fixed address \[address-shared\]/ });
    t.match(await told("{address: dhcp, address6: auto}"), { code: 0, stdout: /net0 +\S+,ip=dhcp,ip6=auto$/m });
  },
);

t.test(
  "the address that is told is the first that answers in that order, whichever was the first to do so",
  async (t) => {
    // 127.0.0.77 is refused until ::1 is asked.
    let four: Promise<unknown> | undefined;
    const asked = () => (four ??= agentOn(t, "127.0.0.77", "pass", { port }));
    const port: number = await agentOn(t, "::1", "pass", { asked });
    const found = await waited(t, coming(["::1", "127.0.0.77"]), both, 10_000, port);
    t.match(found, { address: "127.0.0.77", addresses: ["127.0.0.77", "::1"] });
  },
);
