import { bytesText } from "../../lib/cli/text.ts";
import { isStackError, StackError } from "../../lib/error.ts";
import type { Progress } from "../../lib/progress/progress.ts";
import { urlOf } from "../../lib/url-of.ts";
import type { DeploymentDocument } from "../../stack/documents/deployment.ts";
import { provisionComponent } from "../../stack/health-groups.ts";
import type { Node } from "../node/node.ts";
import { type TaskWait, waitTask } from "../node/wait-task.ts";
import { type Facts, lookAround, occupantOf } from "../preflight/facts.ts";
import { assertPossible, preflight, type Verdict } from "../preflight/preflight.ts";
import type { Wanted } from "../wanted/wanted.ts";
import { adopt, create } from "./create.ts";
import { type Left, left } from "./left.ts";
import { absences } from "./no-address.ts";
import { plan, type Step } from "./plan.ts";
import { isNoMember, type Ready, readyNow, waitReady } from "./ready.ts";
import type { Turns } from "./turns.ts";

export interface DeployOptions {
  readonly node: Node;
  readonly wanted: Wanted;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly patience: Patience;
  /** The template's file is sent again, also where it is there. */
  readonly resend?: boolean;
  /** Told at every change what would be left if it ended now. */
  readonly onLeft?: (text: string) => void;
  /** What is done to a storage that other nodes have too: where several are deployed to at once, one after the other. */
  readonly inTurn?: Turns;
}

/** All in milliseconds. */
export interface Patience {
  /** For each task on the node. */
  readonly task: number;
  /** For the node, out of reach while a task runs. */
  readonly absence: number;
  /** For the stack, from the container's start until all of it works. */
  readonly healthy: number;
}

export interface Intent {
  readonly facts: Facts;
  readonly verdict: Verdict;
  readonly steps: readonly Step[];
}

/** What would be done, and what speaks against it. Nothing is changed. */
export async function intend(options: Pick<DeployOptions, "node" | "wanted" | "resend">): Promise<Intent> {
  const { node, wanted, resend } = options;
  const facts = await lookAround(node, wanted);
  const verdict = preflight(facts, wanted);
  return { facts, verdict, steps: verdict.refusals.length > 0 ? [] : plan(facts, resend) };
}

/**
 * Makes a healthy container of a template, or finds that there is one already. Done twice,
 * the second time changes nothing; done after a failure, it carries on.
 *
 * @throws StackError of what failed; the last line of `detail` says what is left
 */
export async function deploy(options: DeployOptions): Promise<DeploymentDocument> {
  const { node, wanted } = options;
  return lookedAt(options, async (steps, underWay, reached) => {
    if (steps.join() === "wait") {
      const { port } = wanted.template.model.definition.agent;
      const { network } = wanted.container;
      const clustered = wanted.template.model.cluster !== undefined;
      const ready = await readyNow(node, { vmid: wanted.vmid, port, network, signal: options.signal, clustered });
      if (ready !== undefined) return deployed(options, [], ready, []);
    }
    let ready: Ready | undefined;
    for (const step of steps) ready = (await actions[step](underWay, reached)) ?? ready;
    if (ready === undefined) throw new Error("a plan ends with waiting");
    return deployed(options, steps, ready, [...underWay.taskWarnings]);
  });
}

/**
 * The same up to its start: whether the stack works, and has an address, is somebody else's affair.
 *
 * @throws StackError as `deploy`
 */
export async function deployUnwatched(options: DeployOptions): Promise<void> {
  await lookedAt(options, async (steps, underWay, reached) => {
    for (const step of steps) if (step !== "wait") await actions[step](underWay, reached);
  });
}

/** Looks what there is to do, and tells with each error what is left. */
async function lookedAt<T>(
  options: DeployOptions,
  act: (steps: readonly Step[], underWay: UnderWay, reached: (state: Left) => void) => Promise<T>,
): Promise<T> {
  const { node, wanted, progress, onLeft } = options;
  const { facts, verdict, steps } = await progress.step("look", `looking at ${node.name} (${node.where})`, () =>
    intend(options),
  );
  for (const { message, fix } of verdict.warnings) progress.log("warning", `${message}; ${fix}`);
  assertPossible(verdict, node.name);
  const taskWarnings = new Set<string>();
  const onWarning = (line: string): void => {
    if (!taskWarnings.has(line)) progress.log("warning", line);
    taskWarnings.add(line);
  };
  const unread = facts.file === "there" && !steps.includes("upload");
  let now = left(facts, wanted);
  onLeft?.(now);
  const reached = (state: Left): void => {
    now = left(state, wanted);
    onLeft?.(now);
  };
  try {
    return await act(steps, { ...options, onWarning, taskWarnings, unread }, reached);
  } catch (error) {
    if (!isStackError(error)) throw error;
    const { code, message, hint, cause, exit, detail } = error;
    throw new StackError(code, message, { hint, cause, exit, detail: [...detail, now] });
  }
}

interface UnderWay extends DeployOptions {
  readonly onWarning: (line: string) => void;
  /** Of the node's tasks, each once. */
  readonly taskWarnings: ReadonlySet<string>;
  /** The container is made of a file that lay there, and nobody has read what it holds. */
  readonly unread: boolean;
}

type Act = (options: UnderWay, reached: (state: Left) => void) => Promise<Ready | undefined>;

const actions: Readonly<Record<Step, Act>> = {
  upload: async (options, reached) => {
    const { node, wanted, progress } = options;
    const { path, file: name, bytes, sha256 } = wanted.template;
    const { templateStorage: storage } = wanted.settings;
    await progress.step("upload", `sending ${name} (${bytesText(bytes)}) to storage ${storage}`, async () => {
      const start = performance.now();
      const onProgress = (sent: number): void => {
        const rate = (1000 * sent) / Math.max(1, performance.now() - start);
        progress.log("debug", `${Math.floor((100 * sent) / bytes)} % of ${bytesText(bytes)}, ${bytesText(rate)}/s`);
      };
      const send = async (): Promise<void> => {
        const upid = await node.upload({ node: node.name, storage, path, name, bytes, sha256, onProgress });
        if (upid !== undefined) await waitTask(node, upid, { what: "checking the upload", ...taskWait(options) });
      };
      const shared = (await node.storages()).some((one) => one.name === storage && one.shared);
      await (options.inTurn !== undefined && shared ? options.inTurn(storage, send) : send());
    });
    reached("uploaded");
    return undefined;
  },
  create: async (options, reached) => {
    const { node, wanted, progress } = options;
    reached("creating");
    await progress.step("create", `creating container ${wanted.vmid}`, async () => {
      await create(node, wanted, taskWait(options)).catch((error: unknown) => {
        if (options.unread && isUnreadable(error)) {
          reached("doubtful");
          const { code, message, detail } = error;
          const hint = `the file was there already, and may be damaged: --resend sends it again`;
          throw new StackError(code, message, { detail, hint });
        }
        // A failed creation is taken away by the node itself.
        if (isStackError(error) && ["task-failed", "refused-by-node", "vmid-taken"].includes(error.code)) {
          reached("uploaded");
        }
        if (isStackError(error) && error.code === "answer-lost") reached("asked");
        throw error;
      });
    });
    reached("created");
    return undefined;
  },
  adopt: async (options, reached) => {
    const { node, wanted, progress } = options;
    reached("creating");
    await progress.step("create", `waiting for container ${wanted.vmid}, which is being created already`, () =>
      adopt(node, wanted, taskWait(options)),
    );
    reached("created");
    return undefined;
  },
  start: async (options, reached) => {
    const { node, wanted, progress, signal } = options;
    const { vmid } = wanted;
    await progress.step("start", `starting container ${vmid}`, async () => {
      try {
        await waitTask(node, await node.start(vmid), { what: `starting container ${vmid}`, ...taskWait(options) });
      } catch (error) {
        // Another deployer may have started it; an answer may have been lost.
        if (signal.aborted || !(await isRunning(node, vmid).catch(() => false))) throw error;
      }
    });
    reached("started");
    return undefined;
  },
  wait: ({ node, wanted, progress, signal, patience }) => {
    const { vmid, settings, container, template } = wanted;
    return progress.step("wait", "waiting until all of the stack works", () =>
      waitReady(node, {
        ...{ vmid, signal, timeout: patience.healthy, bridge: settings.bridge },
        port: template.model.definition.agent.port,
        network: container.network,
        clustered: template.model.cluster !== undefined,
        onLine: (line) => progress.log("debug", line),
      }),
    );
  },
};

async function isRunning(node: Node, vmid: number): Promise<boolean> {
  const guest = await occupantOf(node, vmid);
  return guest !== undefined && guest !== "unseen" && guest.status === "running";
}

function taskWait({ progress, signal, patience, onWarning }: UnderWay): Omit<TaskWait, "what"> {
  const { task: timeout, absence } = patience;
  return { timeout, absence, signal, onWarning, onLine: (line) => progress.log("debug", line) };
}

/** A task that failed in what unpacks the template: tar, or what it decompresses with; a full disk is another matter. */
function isUnreadable(error: unknown): error is StackError {
  if (!isStackError(error) || error.code !== "task-failed") return false;
  const said = [error.message, ...error.detail].join("\n");
  return /\b(tar|gzip|zstd|xz)\b|archive|corrupt/i.test(said) && !/no space left/i.test(said);
}

/** What became of it; what isn't there all the same is told. */
function deployed(
  { node, wanted, progress }: DeployOptions,
  done: readonly Step[],
  ready: Ready,
  taskWarnings: readonly string[],
): DeploymentDocument {
  const { template, vmid, hostname, settings } = wanted;
  for (const line of absences(ready, { vmid, bridge: settings.bridge })) progress.log("warning", line);
  const { model } = template;
  const listeners = [{ name: "agent", port: model.definition.agent.port, health: "/health" }, ...model.services];
  return {
    schemaVersion: 1,
    ...{ node: node.name, vmid, hostname, template: template.file, storage: settings.storage },
    status: ready.health.status === "pass" ? "healthy" : "degraded",
    changed: done.some((step) => step !== "wait"),
    steps: [...done],
    ...{ address: ready.address, addresses: [...ready.addresses] },
    missingAddresses: [...ready.missing, ...ready.untold].map(({ option }) => option),
    urls: listeners.map(({ name, port, health }) => ({ name, url: urlOf(ready.address, port, health) })),
    warnings: (isNoMember(ready.health)
      ? ready.health.components.filter(({ name }) => name === provisionComponent)
      : ready.health.components.filter(({ status }) => status === "warn")
    ).map(({ name, code }) => `${name}: ${code}`),
    taskWarnings: [...taskWarnings],
  };
}
