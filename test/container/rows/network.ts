import type { Test } from "tap";
import { waitFor } from "../../../lib/wait.ts";
import type { Machine } from "../create-machine.ts";
import { required, serviceNames } from "../required.ts";

/** What answers from outside, and nothing else does: ssh, the agent, the services. */
export const open = [22, required.agent.port, ...serviceNames.map((name) => required.services[name].port)];

/** What must not, whether it listens or not: PostgreSQL, Redis and its bus, AMQP, management, epmd, distribution. */
export const closed = [5432, 6379, 6380, 6381, 16379, 16380, 16381, 5672, 15672, 4369, 25672];

interface Socket {
  readonly address: string;
  readonly port: number;
  /** As `ss` prints it. */
  readonly line: string;
}

/** R16: what a neighbour on the bridge can reach. */
export function networkRows(t: Test, machine: Machine): void {
  t.test("R16 from outside only ssh, the agent and the services answer", async (t) => {
    const host = await machine.address();
    const listening = await sockets(machine, "-ltnH");
    for (const port of closed)
      t.ok(
        listening.some((socket) => socket.port === port),
        `${port} is in use inside`,
      );
    for (const port of new Set([...open, ...closed, ...listening.map((socket) => socket.port)])) {
      const expected = open.includes(port) ? "open" : "refused";
      t.equal(await machine.peer.tcp({ host, port }), expected, `${port} from outside: ${expected}`);
    }
  });

  t.test("R16 the same over IPv6: by its link-local address, which every container has", async (t) => {
    const host = `${await machine.address("link")}%${machine.network.bridge}`;
    for (const port of [...open, ...closed]) {
      const expected = open.includes(port) ? "open" : "refused";
      t.equal(await machine.peer.tcp({ host, port }), expected, `${port} from outside: ${expected}`);
    }
  });

  t.test("R16 everything else listens on loopback only, over IPv6 and UDP too", async (t) => {
    const outside = (await sockets(machine, "-ltnH")).filter(({ address }) => !isLoopback(address));
    t.strictSame([...new Set(outside.map(({ port }) => port))].sort(), [...open].sort());
    // The DHCP client listens on 68, and on a port of its own choice for answers it asks for.
    // A socket that a name look-up opens is gone in a moment: only what stays is a listener.
    const others = async (): Promise<string[]> =>
      (await sockets(machine, "-lunpH"))
        .filter(({ address, line }) => !isLoopback(address) && !isDhcp(line))
        .map(({ line }) => line);
    const none = async (): Promise<boolean> => (await others()).length === 0;
    // RabbitMQ leaves its syslog client running by chance: here it surely is.
    await machine.sh("rabbitmqctl --quiet eval 'application:ensure_all_started(syslog).'");
    t.match(await machine.sh("ss -lunpH"), /"beam.smp"/, "the syslog client has its socket");
    await waitFor(none, { what: "UDP sockets to be the DHCP client's alone", timeout: 10_000 }).catch(() => {});
    t.strictSame(await others(), [], "UDP: the DHCP client's alone");
    await machine.sh("rabbitmqctl --quiet eval 'application:stop(syslog).'");
  });

  t.test("R16 the services' answers tell a stranger no versions, messages or paths", async (t) => {
    const host = await machine.address();
    for (const port of open.filter((port) => port !== 22)) {
      const answer = await machine.peer.http({ url: `http://${host}:${port}/health` });
      t.notOk("server" in answer.headers || "x-powered-by" in answer.headers, `${port} names no software`);
      t.notMatch(answer.body, /"output"|\/var\/|\/opt\/|\d+\.\d+\.\d+\.\d+/);
    }
  });
}

async function sockets(machine: Machine, options: string): Promise<Socket[]> {
  const lines = (await machine.sh(`ss ${options}`)).split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const local = line.split(/\s+/)[3] ?? "";
    const at = local.lastIndexOf(":");
    return { address: local.slice(0, at), port: Number(local.slice(at + 1)), line };
  });
}

function isDhcp(line: string): boolean {
  return /\("dhclient",pid=\d+/.test(line);
}

function isLoopback(address: string): boolean {
  return /^(127\.|\[::1\]|\[::ffff:127\.)/.test(address);
}
