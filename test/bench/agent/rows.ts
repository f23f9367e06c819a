import type { Machine } from "../../container/create-machine.ts";
import { healthyAfter } from "../../container/healthy.ts";
import { required } from "../../container/required.ts";
import { mainPid } from "../../container/units.ts";
import { once } from "../once.ts";
import { least, type Row } from "../row.ts";
import { appendRows } from "./append-rows.ts";
import type { BenchMachines } from "./bench-machine.ts";
import { healthRow } from "./health-row.ts";

const node = "/opt/stack-agent/current/bin/node";
/** Seconds of idling that are measured, and those before in which what the start needed goes. */
const idle = { before: 30, measured: 30 } as const;
const ticksPerSecond = 100;

export interface AgentBenchOptions {
  readonly machines: BenchMachines;
  /** Boots of each kind. */
  readonly repeats: number;
  readonly log: (line: string) => void;
}

/** The agent's rows, all of one template: boots by the tests' own clients, then a machine that idles. */
export function agentRows({ machines, repeats, log }: AgentBenchOptions): Row[] {
  const boots = once(async () => {
    const first: number[] = [];
    const later: number[] = [];
    let last: Machine | undefined;
    for (let turn = 0; turn < repeats; turn += 1) {
      await last?.destroy();
      last = await machines.create();
      first.push(await healthySeconds(last, await last.start()));
      later.push(await healthySeconds(last, await last.reboot()));
      log(`healthy after ${first.at(-1)?.toFixed(1)} s, later ${later.at(-1)?.toFixed(1)} s`);
    }
    if (last === undefined) throw new Error("no boot was asked for");
    return { first, later, machine: last, floor: await brokerStarts(last, repeats) };
  });
  const machine = async (): Promise<Machine> => (await boots()).machine;
  const floor = async () => ({ ...least((await boots()).floor, "s"), what: "RabbitMQ's start alone" });

  return [
    {
      name: "first-boot",
      title: "start of the container to healthy, first boot",
      target: { atMost: 5.5, unit: "s" },
      measure: async () => ({ figure: least((await boots()).first, "s"), reference: await floor() }),
    },
    {
      name: "silent-boot",
      title: "the first boot's delay where nobody answers DHCP",
      target: { atMost: 0.5, unit: "s" },
      measure: async () => {
        const figure = least(await silentBoots(machines, repeats), "s");
        const usual = least((await boots()).first, "s");
        const compared = { value: figure.value - usual.value, unit: "s" } as const;
        return { figure, compared, reference: { ...usual, what: "with an answer" } };
      },
    },
    {
      name: "later-boot",
      title: "start of the container to healthy, later boots",
      target: { atMost: 4.5, unit: "s" },
      measure: async () => ({ figure: least((await boots()).later, "s"), reference: await floor() }),
    },
    {
      name: "status",
      title: "stack-agent status",
      target: { atMost: 100, unit: "ms" },
      measure: async () => ({
        figure: least(await timed(await machine(), "stack-agent status"), "ms"),
        reference: { ...least(await timed(await machine(), `${node} -e 0`), "ms"), what: "node -e 0" },
      }),
    },
    {
      name: "idle-memory",
      title: "idle agent, resident",
      target: { atMost: 65, unit: "MB" },
      measure: async () => {
        const site = await machine();
        await site.sh(`sleep ${idle.before}`);
        return {
          figure: { value: await resident(site, String(await mainPid(site, required.agent.unit))), unit: "MB" },
          reference: { value: await bareNode(site), unit: "MB", what: "bare node" },
        };
      },
    },
    {
      name: "idle-processor",
      title: "idle agent, share of a core",
      target: { atMost: 0.5, unit: "%" },
      measure: async () => {
        const site = await machine();
        const pid = String(await mainPid(site, required.agent.unit));
        return { figure: { value: await processorShare(site, pid), unit: "%" } };
      },
    },
    {
      name: "page-memory",
      title: "agent with one page open, resident",
      target: { atMost: 65, unit: "MB" },
      measure: async () => {
        const site = await machine();
        const value = await withPage(site, (pid) => resident(site, pid));
        return { figure: { value, unit: "MB" } };
      },
    },
    {
      name: "page-processor",
      title: "agent with one page open, share of a core",
      target: { atMost: 0.5, unit: "%" },
      measure: async () => {
        const site = await machine();
        const value = await withPage(site, (pid) => processorShare(site, pid));
        return { figure: { value, unit: "%" } };
      },
    },
    healthRow(async () => ({ namespace: `/proc/${(await machine()).pid()}/ns/net`, port: required.agent.port })),
    ...appendRows(machine),
  ];
}

async function silentBoots(machines: BenchMachines, repeats: number): Promise<number[]> {
  const found: number[] = [];
  for (let turn = 0; turn < repeats; turn += 1) {
    const machine = await machines.create({ silent: true });
    found.push(await healthySeconds(machine, await machine.start()));
    await machine.destroy();
  }
  return found;
}

async function healthySeconds(machine: Machine, startedAt: number): Promise<number> {
  return (await healthyAfter(machine, startedAt)).all / 1000;
}

/** The slowest server's own start, with nothing beside it: no boot can be quicker. Seconds. */
async function brokerStarts(machine: Machine, repeats: number): Promise<number[]> {
  const { unit } = required.rabbitmq;
  const found: number[] = [];
  for (let turn = 0; turn < repeats; turn += 1) {
    await machine.exec("systemctl", ["stop", unit]);
    const before = performance.now();
    await machine.exec("systemctl", ["start", unit]);
    found.push((performance.now() - before) / 1000);
  }
  return found;
}

/** Five runs of a command inside, by the container's own clock: milliseconds. */
async function timed(machine: Machine, command: string): Promise<number[]> {
  const text = await machine.sh(
    `for i in 1 2 3 4 5; do a=$(date +%s%N); ${command} >/dev/null || true; b=$(date +%s%N); echo $(((b - a) / 1000)); done`,
  );
  return text.split("\n").map((microseconds) => Number(microseconds) / 1000);
}

async function resident(machine: Machine, pid: string): Promise<number> {
  return (Number(await machine.sh(`awk '/^VmRSS/{print $2}' /proc/${pid}/status`)) * 1024) / 1e6;
}

/** Percent of a core. */
async function processorShare(site: Machine, pid: string): Promise<number> {
  const ticks = async (): Promise<number> => Number(await site.sh(`awk '{print $14+$15}' /proc/${pid}/stat`));
  const before = await ticks();
  await site.sh(`sleep ${idle.measured}`);
  return ((await ticks()) - before) / ticksPerSecond / idle.measured / 0.01;
}

/** Measures while somebody has the page open, and has had for a while. */
async function withPage(site: Machine, measure: (pid: string) => Promise<number>): Promise<number> {
  const pid = String(await mainPid(site, required.agent.unit));
  const url = `http://127.0.0.1:${required.agent.port}`;
  await site.sh(`curl -s ${url}/ >/dev/null`);
  await site.sh(`systemd-run --quiet --unit=page-reader curl -sN -o /dev/null ${url}/page/events`);
  await site.sh(`sleep ${idle.before}`);
  await site.sh(`sleep ${idle.before}`);
  const found = await measure(pid);
  await site.sh("systemctl stop page-reader");
  return found;
}

async function bareNode(machine: Machine): Promise<number> {
  const print = `console.log(require("fs").readFileSync("/proc/self/status", "utf8").match(/VmRSS:\\s+(\\d+)/)[1])`;
  return (Number(await machine.sh(`${node} -e '${print}'`)) * 1024) / 1e6;
}
