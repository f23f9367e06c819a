import { rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExitCode, isStackError, StackError } from "../../lib/error.ts";
import { ensureFolder } from "../../lib/files.ts";
import type { Log } from "../../lib/log.ts";
import { containerAddress } from "../../lib/lxc/container-address.ts";
import { bootContainer, createFromTemplate } from "../../lib/lxc/create-from-template.ts";
import { destroyContainer } from "../../lib/lxc/destroy-container.ts";
import type { Effects } from "../../lib/lxc/effects.ts";
import { findObstacles } from "../../lib/lxc/find-obstacles.ts";
import { createNetwork, destroyNetwork, type Network } from "../../lib/lxc/network.ts";
import { ensureSubordinateIds } from "../../lib/lxc/subordinate-ids.ts";
import { sweep } from "../../lib/lxc/sweep.ts";
import type { Progress } from "../../lib/progress/progress.ts";
import { run } from "../../lib/run.ts";
import type { SmokeDocument } from "../../stack/documents/smoke.ts";
import type { Model } from "../../stack/model.ts";
import { requireSpace } from "../validate/require-space.ts";
import { evidence } from "./evidence.ts";
import { watchBoot } from "./watch-boot.ts";

/** Where the container lives, its root file system too: a fixed place, so that leftovers are found. */
const smokeFolder = (): string => join(tmpdir(), "build-template-smoke");

/**
 * Looks whether containers run on this machine; root is given the subordinate ids it lacks.
 *
 * @throws StackError `smoke-unavailable`, exit 69: a line of `detail` for each obstacle, with its fix;
 *   `no-space`
 */
export async function assertSmokeCanRun(log: Log): Promise<void> {
  if (process.getuid?.() === 0) await ensureSubordinateIds({ log });
  const obstacles = await findObstacles(smokeFolder());
  const [first] = obstacles;
  if (first === undefined) {
    const choose = "choose another: TMPDIR=/path/with/space build-template …";
    return requireSpace([{ folder: tmpdir(), what: "the container", leastMiB: 2048, choose }]);
  }
  throw new StackError("smoke-unavailable", "containers can't be run on this machine as it is", {
    detail: obstacles.map(({ message, fix }) => `${message}: ${fix}`),
    hint: `${first.fix}; without it the template is built, but not booted`,
    exit: ExitCode.unavailable,
  });
}

export interface SmokeOptions {
  readonly template: string;
  readonly model: Model;
  /** Seconds until a container that is not healthy has failed; default: `defaultPatience`. */
  readonly patience?: number;
}

export const defaultPatience = 180;

/**
 * Boots a template as an unprivileged container, as Proxmox would, in a network of its own;
 * waits until all of it is healthy, from inside and from outside; and throws the container
 * away, whatever happened.
 *
 * @throws StackError `smoke-failed`: `detail` has the container's status and last errors;
 *   `start-failed`, exit 69, where this machine's kernel refuses containers
 */
export async function smoke(options: SmokeOptions, progress: Progress, signal: AbortSignal): Promise<SmokeDocument> {
  const effects: Effects = { run, log: progress.log, signal };
  const folder = smokeFolder();
  await sweep({ folder, ...effects });
  // Whatever the umask is: the container's root must get through.
  await ensureFolder(folder, { mode: 0o755 });
  const network = await createNetwork({ folder, ...effects });
  try {
    return await inContainer({ ...options, progress, network, folder }, effects);
  } finally {
    await destroyNetwork({ network, run, log: progress.log });
    // Another smoke test may live there too.
    await rmdir(folder).catch(() => {});
  }
}

interface Smoke extends SmokeOptions {
  readonly progress: Progress;
  readonly network: Network;
  readonly folder: string;
}

async function inContainer(
  { template, model, patience = defaultPatience, progress, network, folder }: Smoke,
  effects: Effects,
): Promise<SmokeDocument> {
  const { hostname = model.name, cores, memory, swap, nesting } = model.definition.container;
  const made = await progress.step("smoke", "extracting the template as pct create does", () =>
    createFromTemplate({
      ...{ folder, network, template, hostname, cores, memory, swap, nesting, ...effects },
      addressing: { kind: "dhcp" },
    }),
  );
  const { container } = made;
  try {
    return await progress.step("smoke", "booting it, unprivileged", async () => {
      const started = process.hrtime.bigint();
      const since = (): number => Number(process.hrtime.bigint() - started) / 1e9;
      const pid = await bootContainer({ ...made, ...effects }).catch(refused);
      const address = await containerAddress({ pid, ...effects });
      try {
        const boot = await watchBoot({ container, model, address, started, since, patience }, effects);
        return { schemaVersion: 1, template, address, ...boot };
      } catch (error) {
        if (!isStackError(error) || effects.signal?.aborted) throw error;
        throw new StackError("smoke-failed", "the container did not become healthy", {
          cause: error,
          detail: await evidence(container, effects),
          hint: "the template itself is there; boot it to look further: build-template smoke FILE, or pct create on a node",
        });
      }
    });
  } finally {
    await destroyContainer({ container, run, log: progress.log });
  }
}

function refused(error: unknown): never {
  if (!isStackError(error) || error.code !== "start-failed") throw error;
  throw new StackError(error.code, "this machine does not start an unprivileged container", {
    detail: error.detail,
    cause: error.cause,
    hint: "inside another container it takes nesting; else boot the template on a Proxmox node",
    exit: ExitCode.unavailable,
  });
}
