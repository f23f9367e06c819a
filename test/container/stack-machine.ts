import type { Test } from "tap";
import { describeError } from "../../lib/error.ts";
import { createMachine, type Machine, type MachineOptions, setUpNetwork } from "./create-machine.ts";
import { healthyAfter } from "./healthy.ts";
import { canRunContainers, needs } from "./needs.ts";
import { required, serviceNames, serviceUnit } from "./required.ts";
import { templateToTest } from "./template.ts";
import { journal } from "./units.ts";

const restartable = [
  required.postgres.unit,
  ...required.redis.units,
  required.rabbitmq.unit,
  required.agent.unit,
  "stack-provision.service",
  ...serviceNames.map(serviceUnit),
];

interface StackOptions extends Omit<MachineOptions, "template" | "over"> {
  /** Its files are its own, extracted as pct does, even where the run has them extracted for all. */
  readonly extracted?: "anew";
}

/**
 * A container of the template under test; undefined, and the reason told, where none can be had.
 * It lies over `STACK_EXTRACTED`, where a run of many has extracted the template once.
 */
export async function stackMachine(
  t: Test,
  { extracted, ...options }: StackOptions = {},
): Promise<Machine | undefined> {
  if (!(await canRunContainers(t))) return undefined;
  const template = await templateToTest();
  if (!needs(t, template === undefined ? "there is no template: bin/build-template" : "")) return undefined;
  if (template === undefined) return undefined;
  // On a disk of its own all its files are to lie there.
  const over = extracted === "anew" || options.folder !== undefined ? undefined : process.env.STACK_EXTRACTED;
  return createMachine(await setUpNetwork(t), { ...options, template, over });
}

/**
 * Waits until the stack does its work, each unit of it at its first try, and tells how long each part took since `startedAt`.
 * Where it doesn't come up, what systemd and the agent say is told instead.
 *
 * @returns milliseconds since `startedAt`; undefined where it failed
 */
export async function becomesHealthy(
  t: Test,
  machine: Machine,
  startedAt: number,
  what: string,
): Promise<number | undefined> {
  const healthy = await endsHealthy(t, machine, startedAt, what);
  if (healthy === undefined) return undefined;
  const shown = await machine.exec("systemctl", ["show", "--property=NRestarts", "--value", ...restartable]);
  const restarts = shown.stdout.trim().split(/\n+/);
  for (const [index, unit] of restartable.entries()) {
    if (restarts[index] === "0") continue;
    t.fail(`${unit} came up at its first try, not after ${restarts[index]} restarts`);
    t.comment((await journal(machine, unit)).split("\n").slice(0, 40).join("\n"));
  }
  return healthy;
}

/** The same, however often its units start. */
export async function endsHealthy(
  t: Test,
  machine: Machine,
  startedAt: number,
  what: string,
): Promise<number | undefined> {
  try {
    const { all, ...parts } = await healthyAfter(machine, startedAt, 90_000);
    const each = Object.entries(parts).map(([name, time]) => `${name} ${(time / 1000).toFixed(2)}`);
    t.pass(`${what} ends healthy`);
    t.comment(`${what}, start to healthy: ${(all / 1000).toFixed(2)} s (${each.join(", ")})`);
    return all;
  } catch (error) {
    t.fail(`${what} ends healthy: ${describeError(error)}`);
    await tellState(t, machine);
    return undefined;
  }
}

/** What systemd and the agent say of a container that is not as it should be. */
export async function tellState(t: Test, machine: Machine): Promise<void> {
  for (const command of [
    "stack-agent status",
    "systemctl list-units --failed --no-legend",
    "systemctl list-jobs",
    "journalctl --no-pager -b -p warning -n 60",
    "journalctl --no-pager -b -u stack-provision -n 40",
  ]) {
    const { stdout, stderr } = await machine.exec("sh", ["-c", `${command} || true`]);
    t.comment(`${command}:\n${stdout}${stderr}`);
  }
}
