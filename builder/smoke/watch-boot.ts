import { StackError } from "../../lib/error.ts";
import type { Container } from "../../lib/lxc/container.ts";
import type { Effects } from "../../lib/lxc/effects.ts";
import { execIn } from "../../lib/lxc/exec-in.ts";
import { inNetwork } from "../../lib/lxc/network.ts";
import type { SmokeDocument } from "../../stack/documents/smoke.ts";
import { type StatusDocument, statusDocument } from "../../stack/documents/status.ts";
import type { Model } from "../../stack/model.ts";

export interface Booting {
  readonly container: Container;
  readonly model: Model;
  readonly address: string;
  /** CLOCK_MONOTONIC of its start, nanoseconds: the container's systemd counts by the same clock. */
  readonly started: bigint;
  /** Seconds since then. */
  readonly since: () => number;
  /** Seconds until a container that is not healthy has failed. */
  readonly patience: number;
}

/** Waits until a container is healthy, by its agent's word and by its ports. @throws StackError where it isn't in time */
export async function watchBoot(
  booting: Booting,
  effects: Effects,
): Promise<Omit<SmokeDocument, "schemaVersion" | "template" | "address">> {
  const [{ status, seen }, health] = await Promise.all([waitInside(booting, effects), askOutside(booting, effects)]);
  if (status.status !== "healthy" && status.status !== "degraded") {
    throw new StackError("not-healthy", `stack-agent status says ${status.status}`);
  }
  const healthy = booting.since();
  const at = (what: string): number => seconds(seen.get(what) ?? healthy);
  return {
    status: status.status,
    systemd: seconds(await systemdStart(booting, effects)),
    stages: status.stages.map(({ id, seconds: took }) => ({
      ...{ id, done: at(`stage ${id}`) },
      ...(took !== undefined && { took: seconds(took) }),
    })),
    components: status.components
      .filter(({ name }) => name !== "provision")
      .map(({ name, status: found }) => ({ name, status: found, seen: at(name) })),
    health,
    healthy: seconds(healthy),
    deviations: status.deviations,
  };
}

/** @returns the agent's last word, and when it told of each stage's and component's last change */
async function waitInside(
  { container, since, patience }: Booting,
  { run, log, signal }: Effects,
): Promise<{ readonly status: StatusDocument; readonly seen: ReadonlyMap<string, number> }> {
  const seen = new Map<string, number>();
  const { stdout } = await execIn({
    ...{ container, run, signal },
    command: "stack-agent",
    args: ["status", "--wait", "--timeout", String(patience), "--format", "json"],
    timeout: (patience + 30) * 1000,
    accept: [0, 1, 2, 3],
    onLine: (line, stream) => {
      const change = /^ *[\d.]+ s {2}([^:]+): (.*)$/.exec(line);
      if (stream !== "stderr" || change?.[1] === undefined) return;
      seen.set(change[1], since());
      log("debug", `${since().toFixed(1)} s ${change[1]}: ${change[2]}`);
    },
  });
  return { status: statusDocument.parse(JSON.parse(stdout)), seen };
}

/** Polls the health of each until it answers 200, as one who is beside the container on its bridge. */
const poll = `
const [address, ...places] = process.argv.slice(1);
await Promise.all(places.map(async (place) => {
  for (;;) {
    try {
      const answer = await fetch("http://" + address + ":" + place, { signal: AbortSignal.timeout(2000) });
      await answer.arrayBuffer();
      if (answer.status === 200) return console.log(place);
    } catch {}
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}));
`;

async function askOutside(
  { container, model, address, since, patience }: Booting,
  { run, signal }: Effects,
): Promise<SmokeDocument["health"]> {
  const listeners = [{ name: "agent", port: model.definition.agent.port, health: "/health" }, ...model.services];
  const names = new Map(listeners.map(({ name, port, health }) => [`${port}${health}`, name]));
  const answers: { name: string; port: number; answered: number }[] = [];
  const args = ["--input-type=module", "--eval", poll, address, ...names.keys()];
  await inNetwork(container.network, run)(process.execPath, args, {
    timeout: patience * 1000,
    signal,
    onLine: (line) => {
      const name = names.get(line);
      if (name !== undefined) answers.push({ name, port: Number.parseInt(line, 10), answered: seconds(since()) });
    },
  }).catch((error: unknown) => {
    const silent = [...names].filter(([place]) => !answers.some(({ port }) => port === Number.parseInt(place, 10)));
    if (silent.length === 0 || signal?.aborted) throw error;
    const list = silent.map(([place, name]) => `${name} (port ${Number.parseInt(place, 10)})`).join(", ");
    throw new StackError("not-healthy", `/health does not answer 200 from outside: ${list}`);
  });
  return answers.sort((a, b) => a.port - b.port);
}

/** Seconds from the container's start to systemd's own. */
async function systemdStart({ container, started }: Booting, { run, signal }: Effects): Promise<number> {
  const args = ["show", "--property=UserspaceTimestampMonotonic", "--value"];
  const { stdout } = await execIn({ container, run, signal, command: "systemctl", args });
  return Number(stdout.trim()) / 1e6 - Number(started / 1000n) / 1e6;
}

/** To the millisecond. */
function seconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}
