import type { Guest, Machine, Node, Storage } from "../node/node.ts";
import { isOurs } from "../ownership.ts";
import type { Wanted } from "../wanted.ts";
import { neededPrivileges } from "./privileges.ts";

/** What was seen on the node before anything is done. */
export interface Facts {
  readonly node: string;
  /** Who asks, e.g. `root@pam!ci`. */
  readonly user: string;
  /** As "8.4.1". */
  readonly version: string;
  /** undefined where the token may not look. */
  readonly machine: Machine | undefined;
  readonly storages: readonly Storage[];
  readonly bridges: readonly string[];
  /** Privileges that are needed and not there, by the path they are needed on. */
  readonly missing: Readonly<Record<string, readonly string[]>>;
  /** Who has the vmid; `unseen`: somebody whom the token may not see. */
  readonly occupant: Guest | "unseen" | undefined;
  /** The task that makes the occupant just now. */
  readonly creation: { readonly upid: string; readonly user: string } | undefined;
  /** The configuration of a container that is ours already. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Whether the template's file is there, with the same name and size. */
  readonly uploaded: boolean;
}

/** Looks at the node; nothing is changed. */
export async function lookAround(node: Node, wanted: Wanted): Promise<Facts> {
  const { settings, vmid } = wanted;
  const [version, machine, storages, bridges] = await Promise.all([
    node.version(),
    node.machine(),
    node.storages(),
    node.bridges(),
  ]);
  const [missing, occupant] = await Promise.all([missingPrivileges(node, wanted, version), occupantOf(node, vmid)]);
  const creating = occupant === "unseen" || (occupant?.lock === "create" && occupant.node === node.name);
  const creation = creating ? (await node.creations(vmid)).find(({ running }) => running) : undefined;
  const ours = occupant !== "unseen" && occupant !== undefined && occupant.node === node.name && isOurs(occupant);
  const config = ours ? await node.config(vmid) : {};
  const reachable = storages.some(({ name, active }) => name === settings.templateStorage && active);
  return {
    ...{ node: node.name, user: node.user, version, machine, storages, bridges, missing, occupant, creation, config },
    uploaded: reachable && (await isUploaded(node, wanted)),
  };
}

/** Whether the template's file is in its storage, with the same name and size. */
export async function isUploaded(node: Node, { settings, template }: Wanted): Promise<boolean> {
  const there = await node.templates(settings.templateStorage);
  return there.some(({ file, bytes }) => file === template.file && bytes === template.bytes);
}

/** Who has a vmid. */
export async function occupantOf(node: Node, vmid: number): Promise<Guest | "unseen" | undefined> {
  const guest = (await node.guests()).find((one) => one.vmid === vmid);
  if (guest !== undefined) return node.refreshed(guest);
  return (await node.isFree(vmid)) ? undefined : "unseen";
}

async function missingPrivileges(node: Node, wanted: Wanted, version: string): Promise<Facts["missing"]> {
  const looked = await Promise.all(
    Object.entries(neededPrivileges(wanted, version)).map(async ([path, needed]) => {
      const has = await node.privileges(path);
      return [path, needed.filter((privilege) => !has.includes(privilege))] as const;
    }),
  );
  return Object.fromEntries(looked.filter(([, lacking]) => lacking.length > 0));
}
