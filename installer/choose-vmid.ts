import type { Node } from "./node/node.ts";
import { isOf } from "./ownership.ts";
import type { Template } from "./template/read-template.ts";

/**
 * The container's id: the one that is set; else that of a container which was made of this very
 * template under this host name, so that doing it again makes no second one; else the next free.
 */
export async function chooseVmid(node: Node, template: Template): Promise<number> {
  const { definition, name } = template.model;
  const hostname = definition.container.hostname ?? name;
  if (definition.deploy.vmid !== undefined) return definition.deploy.vmid;
  const own = (await node.guests()).find(
    (guest) => guest.node === node.name && guest.name === hostname && isOf(guest, template),
  );
  return own?.vmid ?? node.nextId();
}
