import { join } from "node:path";
import { createAccess } from "./access.ts";
import type { Guests } from "./guests.ts";
import { createTasks } from "./tasks.ts";

export interface StandInStorage {
  readonly storage: string;
  type: string;
  content: string[];
  avail: number;
  readonly total: number;
  shared: 0 | 1;
  active: 0 | 1;
  disable: 0 | 1;
  /** The only nodes that have it. */
  nodes?: readonly string[];
}

export interface StandInGuest {
  readonly vmid: number;
  readonly type: "lxc" | "qemu";
  readonly node: string;
  config: Record<string, string | number>;
  lock: string | undefined;
  status: "running" | "stopped";
}

export interface StandInOptions {
  /** Holds the storages' files. */
  readonly folder: string;
  readonly guests: Guests;
  readonly version?: string;
  readonly node?: string;
  /** Another node of the cluster that this one is to join. */
  readonly joins?: { readonly state: ClusterState };
}

/** What a node's doors ask of it. */
interface Member {
  request(user: string, method: string, path: string, parameters: Readonly<Record<string, string>>): Promise<unknown>;
  importUpload(user: string, upload: UploadedFile): Promise<string>;
}

/** What is the same whichever node is asked. */
interface ClusterState {
  readonly nodes: string[];
  readonly members: Map<string, Member>;
  readonly guests: Map<number, StandInGuest>;
  readonly access: ReturnType<typeof createAccess>;
}

export interface UploadedFile {
  readonly storage: string;
  readonly content: string | undefined;
  readonly algorithm: string | undefined;
  readonly checksum: string | undefined;
  readonly filename: string;
  readonly temporary: string;
}

/** What a stand-in node knows, and what its routes change. */
export function standInState(options: StandInOptions) {
  const node = options.node ?? "pve1";
  const alone: ClusterState = { nodes: [], members: new Map(), guests: new Map(), access: createAccess() };
  const { nodes, members, guests, access } = options.joins?.state ?? alone;
  return {
    ...{ nodes, members, guests, access },
    node,
    version: options.version ?? "8.4.1",
    guestMaker: options.guests,
    machine: { cpus: 8, memory: 32 * 1024 ** 3, kernel: "x86_64" },
    bridges: ["vmbr0"] as string[],
    storages: [
      storage("local", "dir", ["vztmpl", "iso", "backup"]),
      storage("local-lvm", "lvmthin", ["rootdir", "images"]),
    ],
    tasks: createTasks(node),
    /** Folder of a storage's templates. */
    templates: (name: string) => join(options.folder, name, "template", "cache"),
    uploads: join(options.folder, `pveupload-${node}`),
    /** Requests that were carried out, as `POST /nodes/pve1/lxc`. */
    carriedOut: [] as string[],
  };
}

export type StandInState = ReturnType<typeof standInState>;

function storage(name: string, type: string, content: string[]): StandInStorage {
  return { storage: name, type, content, avail: 100e9, total: 200e9, shared: 0, active: 1, disable: 0 };
}
