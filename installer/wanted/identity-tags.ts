import type { Guest } from "../node/node.ts";
import type { Template } from "../template/open-template.ts";

/** Every container that deploy-template made has this tag: only those are touched. */
export const makerTag = "proxmox-stack";

/** Tags that a container of this template is known by. */
export function identityTags({ model, edition }: Pick<Template, "model" | "edition">): readonly string[] {
  return [makerTag, model.name, edition];
}

/** Whether deploy-template made it. */
export function isOurs(guest: Pick<Guest, "type" | "tags">): boolean {
  return guest.type === "lxc" && guest.tags.includes(makerTag);
}

/** Whether it was made of this very template. */
export function isOf(guest: Pick<Guest, "type" | "tags">, template: Pick<Template, "model" | "edition">): boolean {
  return isOurs(guest) && identityTags(template).every((tag) => guest.tags.includes(tag));
}
