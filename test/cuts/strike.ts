import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isErrno } from "../../lib/error.ts";
import { waitFor } from "../../lib/wait.ts";
import type { ProgressDocument } from "../../stack/documents/progress.ts";
import type { Machine } from "../container/create-machine.ts";
import type { Fault, Moment, Round } from "./draw-round.ts";
import { containerProcesses, type Process } from "./processes.ts";

/** Which processes each kill may strike. */
const victims: Partial<Readonly<Record<Fault, (process: Process) => boolean>>> = {
  "kill provision": isProvision,
  "kill serve": ({ command }) => isAgent(command) && command.includes("serve"),
  "kill postgres": ({ command }) => ["initdb", "postgres"].includes(program(command)),
  "kill redis": ({ command }) => program(command) === "redis-server",
  "kill rabbitmq": ({ command }) => program(command) === "beam.smp",
};

/**
 * Waits for a round's moment and lets its fault happen. A process that isn't there yet is killed
 * as soon as it is.
 *
 * @param startedAt performance.now() at the container's start
 * @returns what provisioning was doing, for a person
 */
export async function strike(machine: Machine, { fault, moment, which }: Round, startedAt: number): Promise<string> {
  await awaitMoment(machine, moment, startedAt);
  const doing = describeProgress(await readProgress(machine));
  const isVictim = victims[fault];
  if (isVictim === undefined) await machine.stop({ kill: fault !== "shutdown" });
  else if (fault === "kill provision" && doing === ended) return "nothing: provisioning had just ended";
  else {
    const killed = await killOne(machine, isVictim, which);
    return `${doing}; killed ${killed.command.join(" ").trim().slice(0, 80)}`;
  }
  return doing;
}

const ended = "provisioning done";

async function awaitMoment(machine: Machine, { place, actions, ms }: Moment, startedAt: number): Promise<void> {
  if (place === "boot") return sleep(Math.max(0, startedAt + ms - performance.now()));
  await waitFor(
    async () => {
      const progress = await readProgress(machine);
      if (place === "up") return progress?.state === "done";
      const stage = progress?.stages.find(({ id }) => id === place);
      if (stage === undefined || stage.status === "waiting") return false;
      return stage.status !== "running" || stage.actions >= actions;
    },
    { what: `provisioning to come to ${place}`, timeout: 120_000, interval: 2 },
  );
  await sleep(ms);
}

/** The container's own document, straight from its memory. */
export async function readProgress(machine: Machine): Promise<ProgressDocument | undefined> {
  try {
    return JSON.parse(await readFile(`/proc/${machine.pid()}/root/run/stack-agent/progress.json`, "utf8"));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH", "EACCES")) return undefined;
    throw error;
  }
}

function describeProgress(progress: ProgressDocument | undefined): string {
  if (progress === undefined) return "not provisioning yet";
  if (progress.state === "done") return ended;
  if (progress.state === "failed") return "provisioning failed";
  const running = progress.stages.filter(({ status }) => status === "running");
  return running.map(({ id, action }) => [id, action].filter(Boolean).join(": ")).join("; ") || "between two stages";
}

/** Kills the one that provisions, once it says that it is at work. */
export async function killProvision(machine: Machine): Promise<void> {
  await waitFor(async () => (await readProgress(machine))?.state === "running", {
    what: "provisioning to begin",
    timeout: 60_000,
    interval: 2,
  });
  await killOne(machine, isProvision, 0);
}

async function killOne(machine: Machine, isVictim: (process: Process) => boolean, which: number): Promise<Process> {
  return waitFor(
    async () => {
      const found = (await containerProcesses(machine.pid())).filter(isVictim).sort((a, b) => a.pid - b.pid);
      // Half the time the first, the parent of its like.
      const victim = which < 0.5 ? found[0] : found[Math.floor((which * 2 - 1) * found.length)];
      if (victim === undefined) return undefined;
      process.kill(victim.pid, "SIGKILL");
      return victim;
    },
    { what: "the process that is to be killed", timeout: 60_000, interval: 2 },
  );
}

function isProvision({ command }: Process): boolean {
  return isAgent(command) && command.includes("provision");
}

function isAgent(command: readonly string[]): boolean {
  return command.some((word) => word.endsWith("/stack-agent.cjs"));
}

/** Servers write what they do behind their name: "postgres: checkpointer". */
function program([first = ""]: readonly string[]): string {
  return basename((first.split(" ")[0] ?? "").replace(/:$/, ""));
}
