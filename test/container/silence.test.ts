/**
 * Nothing between boot and healthy waits for a network: not for an address, not for a name. And a
 * container that has IPv6 alone is one like any other.
 */
import t, { type Test } from "tap";
import { createMachine, type Machine, setUpNetwork } from "./create-machine.ts";
import { healthyAfter } from "./healthy.ts";
import { canRunContainers, needs } from "./needs.ts";
import { required, serviceNames, serviceSocket, serviceUnit } from "./required.ts";
import { failedUnits } from "./rows/machine.ts";
import { closed, open } from "./rows/network.ts";
import { tellState } from "./stack-machine.ts";
import { templateToTest } from "./template.ts";
import { unitProperties } from "./units.ts";

t.setTimeout(15 * 60_000);

/** Milliseconds. DHCPv6 gives up after 308 s, and is asked for still when all is healthy: that is the proof. */
const soon = 120_000;

/** What an administrator or a monitor waits for, and the servers behind it. */
const chain = [
  ...serviceNames.flatMap((name) => [serviceUnit(name), serviceSocket(name)]),
  required.agent.unit,
  "stack-provision.service",
  required.postgres.unit,
  ...required.redis.units,
  required.rabbitmq.unit,
  "epmd.service",
  "epmd.socket",
  "stack-ssh-keys.service",
  "ssh.service",
];

/** Units that end only when an interface has its address, or that are ordered after those. */
const waiting =
  /^(network|network-online|remote-fs|remote-fs-pre|nss-lookup|time-sync)\.target$|^networking\.|^ifup@|wait-online/;

const template = (await canRunContainers(t)) ? await templateToTest() : undefined;
const over = process.env.STACK_EXTRACTED;
if (needs(t, template === undefined ? "there is no template to run" : "") && template !== undefined) {
  const site = await setUpNetwork(t, { silent: true });

  t.test("with DHCP and DHCPv6 that nobody answers, and no DNS, the first boot is as quick as any", async (t) => {
    const addressing = { kind: "dhcp", ipv6: { kind: "dhcp" } } as const;
    const machine = await createMachine(site, { template, over, addressing, memory: 2048 });
    await endsHealthy(t, machine, "first boot");
    const { ActiveState } = await unitProperties(machine, "networking.service", "ActiveState");
    t.equal(ActiveState, "activating", "the interface is still waited for");
    t.equal(await machine.peer.tcp({ host: await linkLocal(machine), port: 22 }), "open", "one can log in");
    const { stdout } = await machine.exec("stack-agent", ["status", "--wait", "--timeout", "30"]);
    t.match(stdout, /healthy/);

    const waits = await waitingUnits(machine);
    t.ok(waits.seen > 60, `${waits.seen} units are what the chain is ordered after`);
    t.strictSame(waits.found, [], "none of them waits for an interface");
    await machine.destroy();
  });

  t.test("a container with IPv6 alone, its name server silent, is healthy and answers", async (t) => {
    const address = "fd10:1:1::120";
    const ipv6 = { kind: "static", address: `${address}/64`, gateway: site.network.gateway6 } as const;
    const machine = await createMachine(site, { template, over, addressing: { kind: "none", ipv6 }, memory: 2048 });
    // Packets to it go to the gateway, and no further.
    Object.assign(machine.settings, { dns: { nameservers: ["2001:db8::53"] } });
    await endsHealthy(t, machine, "first boot");
    t.equal(await machine.address("ipv6"), address);
    t.equal(await machine.sh("ip -4 -o addr show dev eth0"), "", "it has no address of IPv4");
    for (const port of open.filter((one) => one !== 22)) {
      const answer = await machine.peer.http({ url: `http://[${address}]:${port}/health` });
      t.equal(answer.status, 200, `${port} answers from outside`);
    }
    for (const port of [...open, ...closed]) {
      const expected = open.includes(port) ? "open" : "refused";
      t.equal(await machine.peer.tcp({ host: address, port }), expected, `${port} from outside: ${expected}`);
    }
    t.equal(await machine.sh("systemctl is-system-running --wait || true"), "running");
    t.strictSame(await failedUnits(machine), []);
    await machine.destroy();
  });
}

async function endsHealthy(t: Test, machine: Machine, what: string): Promise<void> {
  const started = await machine.start();
  try {
    const { all } = await healthyAfter(machine, started, soon);
    t.pass(`${what} ends healthy`);
    t.comment(`${what}, start to healthy: ${(all / 1000).toFixed(2)} s`);
  } catch (error) {
    await tellState(t, machine);
    throw error;
  }
}

async function linkLocal(machine: Machine): Promise<string> {
  return `${await machine.address("link")}%${machine.network.bridge}`;
}

/** Everything that the chain is ordered after, directly or not, and what of it waits. */
async function waitingUnits(machine: Machine): Promise<{ readonly seen: number; readonly found: readonly string[] }> {
  const seen = new Map<string, string>();
  let next: readonly string[] = chain;
  for (const unit of chain) seen.set(unit, "");
  while (next.length > 0) {
    const shown = await machine.exec("systemctl", ["show", "--property=Id,After", "--", ...next]);
    const found: string[] = [];
    for (const block of shown.stdout.trim().split("\n\n")) {
      const [id = ""] = /^Id=(.*)$/m.exec(block)?.slice(1) ?? [];
      for (const after of /^After=(.*)$/m.exec(block)?.[1]?.split(" ") ?? []) {
        if (after === "" || seen.has(after)) continue;
        seen.set(after, id);
        found.push(after);
      }
    }
    next = found;
  }
  const found = [...seen].filter(([unit]) => waiting.test(unit)).map(([unit, before]) => `${before} waits for ${unit}`);
  return { seen: seen.size, found };
}
