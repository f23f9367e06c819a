import { isStackError, StackError } from "../../lib/error.ts";
import { waitFor } from "../../lib/wait.ts";
import type { Node } from "../node/node.ts";
import { type TaskWait, waitTask } from "../node/wait-task.ts";
import { occupantOf } from "../preflight/facts.ts";
import { createParameters } from "../wanted/create-parameters.ts";
import { isOf } from "../wanted/identity-tags.ts";
import type { Wanted } from "../wanted/wanted.ts";

/** How long an answer that was lost may come to light as a task at the most, milliseconds. */
const lostPatience = 15_000;

/**
 * Creates the container. Where the answer is lost, or another deployer was quicker, the one
 * container that there is then is waited for: never is a second one made.
 */
export async function create(node: Node, wanted: Wanted, wait: Omit<TaskWait, "what">): Promise<void> {
  const before = new Set((await node.creations(wanted.vmid)).map(({ upid }) => upid));
  const begun = async (): Promise<string | undefined> =>
    (await node.creations(wanted.vmid)).find(({ upid, user }) => user === node.user && !before.has(upid))?.upid;
  let task: string | undefined;
  try {
    task = await node.create(createParameters(wanted));
  } catch (error) {
    if (!isStackError(error)) throw error;
    if (error.code === "refused-by-node" && (await occupantOf(node, wanted.vmid)) !== undefined) {
      return adopt(node, wanted, wait);
    }
    if (error.code !== "answer-lost") throw error;
    task = await lost(begun, wait);
    if (task === undefined) throw error;
  }
  await waitTask(node, task, { ...wait, what: creating(wanted) });
}

/** Waits for a creation that runs already, and looks whether it made what is wanted. */
export async function adopt(node: Node, wanted: Wanted, wait: Omit<TaskWait, "what">): Promise<void> {
  const running = (await node.creations(wanted.vmid)).find((task) => task.running && task.user === node.user);
  if (running !== undefined) await waitTask(node, running.upid, { ...wait, what: creating(wanted) });
  const occupant = await occupantOf(node, wanted.vmid);
  const here = occupant !== undefined && occupant !== "unseen" && occupant.node === node.name;
  if (here && isOf(occupant, wanted.template)) return;
  throw new StackError("vmid-taken", `vmid ${wanted.vmid} was taken meanwhile, by something else than this template`, {
    hint: "choose another with --vmid, or leave it out for the next free one",
  });
}

async function lost(
  begun: () => Promise<string | undefined>,
  { absence, signal }: Pick<TaskWait, "absence" | "signal">,
): Promise<string | undefined> {
  const timeout = Math.min(lostPatience, absence);
  const options = { what: "a task of the request whose answer was lost", timeout, interval: 500, signal };
  return waitFor(begun, options).catch((error: unknown) => {
    if (isStackError(error) && error.code === "timeout") return undefined;
    throw error;
  });
}

function creating({ vmid }: Wanted): string {
  return `creating container ${vmid}`;
}
