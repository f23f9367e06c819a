import type { Node } from "../node/node.ts";
import type { Template } from "../template/open-template.ts";
import { isOf } from "./identity-tags.ts";

const none: ReadonlySet<number> = new Set();

/**
 * The container's id: the one that is set; else that of a container which was made of this very
 * template under this host name, so that doing it again makes no second one; else the next free.
 *
 * @param taken ids that are free yet, and meant for others
 */
export async function chooseVmid(node: Node, template: Template, taken = none): Promise<number> {
  const { definition, name } = template.model;
  const hostname = definition.container.hostname ?? name;
  if (definition.deploy.vmid !== undefined) return definition.deploy.vmid;
  const own = (await node.guests()).find(
    (guest) => guest.node === node.name && guest.name === hostname && isOf(guest, template),
  );
  if (own !== undefined) return own.vmid;
  let next = await node.nextId();
  while (taken.has(next) || !(await node.isFree(next))) next++;
  return next;
}
