import { StackError } from "../../lib/error.ts";
import type { Progress } from "../../lib/progress/progress.ts";
import type { Guest, Node } from "../node/node.ts";
import { waitTask } from "../node/wait-task.ts";
import { occupantOf } from "../preflight/facts.ts";
import { isOurs } from "../wanted/identity-tags.ts";

export interface Doomed {
  readonly guest: Guest;
  /** What would be deleted with it: "rootfs local-lvm:vm-120-disk-0 (50G)". */
  readonly volumes: readonly string[];
}

/**
 * What `destroy` would take away.
 *
 * @returns undefined where there is no such container
 * @throws StackError `not-ours`, `vmid-elsewhere`
 */
export async function doomed(node: Node, vmid: number): Promise<Doomed | undefined> {
  const guest = await occupantOf(node, vmid);
  if (guest === undefined) return undefined;
  if (guest === "unseen" || !isOurs(guest)) {
    throw new StackError("not-ours", `${vmid} was not made by deploy-template, and is left alone`, {
      hint: `if it must go: pct destroy ${vmid} on the node`,
    });
  }
  if (guest.node !== node.name) {
    throw new StackError("vmid-elsewhere", `container ${vmid} is on node ${guest.node}`, {
      hint: `--node ${guest.node}`,
    });
  }
  const config = await node.config(vmid);
  const volumes = Object.entries(config)
    .filter(([key]) => /^(rootfs|mp\d+|unused\d+)$/.test(key))
    .map(([key, value]) => {
      const [volume, ...options] = String(value).split(",");
      const size = options.find((option) => option.startsWith("size="))?.slice("size=".length);
      return `${key} ${volume}${size === undefined ? "" : ` (${size})`}`;
    });
  return { guest, volumes };
}

/**
 * Stops and deletes a container with its volumes.
 *
 * @returns the privileges that were lost with it: what is granted on its own path goes (PVE::AccessControl::remove_vm_access)
 */
export async function destroy(
  node: Node,
  { guest }: Doomed,
  how: {
    readonly progress: Progress;
    readonly signal: AbortSignal;
    readonly timeout: number;
    readonly absence: number;
    readonly onWarning?: (line: string) => void;
  },
): Promise<readonly string[]> {
  const { progress, ...wait } = how;
  const { vmid } = guest;
  const before = await node.privileges(`/vms/${vmid}`);
  if (guest.status === "running") {
    await progress.step("stop", `stopping container ${vmid}`, async () =>
      waitTask(node, await node.stop(vmid), { what: `stopping container ${vmid}`, ...wait }),
    );
  }
  await progress.step("destroy", `deleting container ${vmid}`, async () =>
    waitTask(node, await node.destroy(vmid), { what: `deleting container ${vmid}`, ...wait }),
  );
  // What a pool gave it gives the next one too.
  if (guest.pool !== undefined) return [];
  const after = await node.privileges(`/vms/${vmid}`);
  return before.filter((privilege) => privilege.startsWith("VM.") && !after.includes(privilege));
}
