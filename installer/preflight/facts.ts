import type { Guest, Machine, Node, Storage } from "../node/node.ts";
import { isOurs } from "../wanted/identity-tags.ts";
import type { Wanted } from "../wanted/wanted.ts";
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
  /** Whether the pool that is asked for is there; `unknown`: it may not be seen. */
  readonly pool: "there" | "missing" | "unknown" | undefined;
  /** Who has the vmid; `unseen`: somebody whom the token may not see. */
  readonly occupant: Guest | "unseen" | undefined;
  /** The task that makes the occupant just now. */
  readonly creation: { readonly upid: string; readonly user: string } | undefined;
  /** The configuration of a container that is ours already. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly file: FileState;
}

/**
 * The template's file in its storage. `there` has its name and size, and nobody tells what it
 * holds; `whole` holds what it should; `damaged` has the size and holds something else.
 */
export type FileState = "absent" | "there" | "whole" | "damaged";

/** Looks at the node; nothing is changed. */
export async function lookAround(node: Node, wanted: Wanted): Promise<Facts> {
  const { settings, vmid } = wanted;
  const [version, machine, storages, bridges] = await Promise.all([
    node.version(),
    node.machine(),
    node.storages(),
    node.bridges(),
  ]);
  const [missing, occupant, pool] = await Promise.all([
    missingPrivileges(node, wanted, version),
    occupantOf(node, vmid),
    poolOf(node, settings.pool),
  ]);
  const creating = occupant === "unseen" || (occupant?.lock === "create" && occupant.node === node.name);
  const creation = creating ? (await node.creations(vmid)).find(({ running }) => running) : undefined;
  const ours = occupant !== "unseen" && occupant !== undefined && occupant.node === node.name && isOurs(occupant);
  const config = ours ? await node.config(vmid) : {};
  const reachable = storages.some(({ name, active }) => name === settings.templateStorage && active);
  return {
    ...{ node: node.name, user: node.user, version, machine, storages, bridges, missing, pool, occupant },
    ...{ creation, config },
    file: reachable ? await fileOf(node, wanted, occupant === undefined) : "absent",
  };
}

/** @param needed whether a container is to be made of it: only then is all of it read */
async function fileOf(node: Node, { settings, template }: Wanted, needed: boolean): Promise<FileState> {
  const storage = settings.templateStorage;
  const there = await node.templates(storage);
  if (!there.some(({ file, bytes }) => file === template.file && bytes === template.bytes)) return "absent";
  const sum = needed ? await node.checksum({ storage, name: template.file }) : undefined;
  if (sum === undefined) return "there";
  return sum === template.sha256 ? "whole" : "damaged";
}

/** Who has a vmid. */
export async function occupantOf(node: Node, vmid: number): Promise<Guest | "unseen" | undefined> {
  const guest = (await node.guests()).find((one) => one.vmid === vmid);
  if (guest !== undefined) return node.refreshed(guest);
  return (await node.isFree(vmid)) ? undefined : "unseen";
}

async function poolOf(node: Node, name: string | undefined): Promise<Facts["pool"]> {
  if (name === undefined) return undefined;
  if ((await node.pools()).includes(name)) return "there";
  return (await node.privileges(`/pool/${name}`)).includes("Pool.Audit") ? "missing" : "unknown";
}

async function missingPrivileges(node: Node, wanted: Wanted, version: string): Promise<Facts["missing"]> {
  const looked = await Promise.all(
    Object.entries(neededPrivileges(wanted, version)).map(async ([path, needed]) => {
      const own = await node.privileges(path);
      // Of a container what its pool lacks may be granted on itself.
      const has = path.startsWith("/pool/") ? [...own, ...(await node.privileges(`/vms/${wanted.vmid}`))] : own;
      return [path, needed.filter((privilege) => !has.includes(privilege))] as const;
    }),
  );
  return Object.fromEntries(looked.filter(([, lacking]) => lacking.length > 0));
}
