import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createAccess } from "./access.ts";
import { ApiFault, badParameters } from "./api-fault.ts";
import type { Guests } from "./guests.ts";
import { routes } from "./routes.ts";
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

/**
 * A Proxmox node as its API shows it, without a door: the quirks of pve-container, pve-storage
 * and pve-manager 8.4 in what is answered. What comes over HTTP, TLS and logins is the doors'.
 */
export function standIn(options: StandInOptions) {
  const node = options.node ?? "pve1";
  const alone: ClusterState = { nodes: [], members: new Map(), guests: new Map(), access: createAccess() };
  const { nodes, members, guests, access } = options.joins?.state ?? alone;
  const state = {
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

  const member = {
    ...state,
    state,
    /**
     * One request, as `/api2/json` and `pvesh` both make it.
     *
     * @param path below /api2/json
     * @throws ApiFault
     */
    request: async (user: string, method: string, path: string, parameters: Readonly<Record<string, string>>) => {
      for (const route of routes) {
        const match = route.method === method ? route.pattern.exec(path) : null;
        if (match === null) continue;
        const at = Object.fromEntries(Object.entries(match.groups ?? {}).map(([k, v]) => [k, decodeURIComponent(v)]));
        if (at.node !== undefined && at.node !== node) {
          const other = state.members.get(at.node);
          if (other !== undefined) return other.request(user, method, path, parameters);
          const lookup = `failed to get address info for: ${at.node}: Name or service not known`;
          throw new ApiFault(500, `hostname lookup '${at.node}' failed - ${lookup}`);
        }
        const unknown = Object.keys(parameters).filter((name) => !route.parameters.test(name));
        if (unknown.length > 0) {
          const why = "property is not defined in schema and the schema does not allow additional properties";
          throw badParameters(Object.fromEntries(unknown.map((name) => [name, why])));
        }
        const data = await route.answer({ state, user, at, parameters });
        state.carriedOut.push(`${method} ${path}`);
        return data;
      }
      throw new ApiFault(501, `Method '${method} ${path}' not implemented`);
    },
    /**
     * What follows an upload: the file was written to `temporary` by the door.
     *
     * @returns the task that checks it and puts it in its place, over whatever is there
     */
    importUpload: async (user: string, upload: UploadedFile): Promise<string> => {
      const target = state.storages.find((one) => one.storage === upload.storage);
      if (target === undefined) throw new ApiFault(500, `storage '${upload.storage}' does not exist`);
      state.access.demand(user, `/storage/${upload.storage}`, "Datastore.AllocateTemplate");
      const { checksum, algorithm, temporary } = upload;
      if (upload.content !== "vztmpl") throw badParameters({ content: `value '${upload.content}' is not vztmpl` });
      if (!target.content.includes("vztmpl")) {
        throw new ApiFault(500, `storage '${upload.storage}' does not support 'vztmpl' content`);
      }
      const name = upload.filename.replace(/[^a-zA-Z0-9_.-]/g, "_");
      if (!/\.tar\.(gz|xz|zst|bz2)$/.test(name)) throw badParameters({ filename: "wrong file extension" });
      state.carriedOut.push(`POST /nodes/${node}/storage/${upload.storage}/upload`);
      return state.tasks.start("imgcopy", "", user, async (log) => {
        try {
          const { size } = await stat(temporary);
          const folder = state.templates(upload.storage);
          for (const line of [
            `starting file import from: ${temporary}`,
            `target node: ${node}`,
            `target file: ${join(folder, name)}`,
            `file size is: ${size}`,
          ]) {
            log(line);
          }
          if (checksum !== undefined) {
            const sum = createHash(algorithm ?? "sha256")
              .update(await readFile(temporary))
              .digest("hex");
            if (sum !== checksum) throw new Error(`checksum mismatch: got '${sum}' != expect '${checksum}'`);
            log("OK, checksum verified");
          }
          if (size > target.avail) throw new Error("import failed: cp: error writing: No space left on device");
          await mkdir(folder, { recursive: true });
          await copyFile(temporary, join(folder, name));
          target.avail -= size;
          log("finished file import successfully");
        } finally {
          await rm(temporary, { force: true });
        }
      });
    },
    /** As somebody does who needs the room. */
    forgetTemplates: async (name: string): Promise<string> => {
      await rm(state.templates(name), { recursive: true, force: true });
      return "forgotten";
    },
    /** Names of the templates that a storage has. */
    templateNames: async (name: string): Promise<readonly string[]> => readdir(state.templates(name)).catch(() => []),
  };
  state.nodes.push(node);
  // Whichever node is asked for another's, asks that one.
  state.members.set(node, member);
  return member;
}

export type StandIn = ReturnType<typeof standIn>;
export type StandInState = StandIn["state"];

export interface UploadedFile {
  readonly storage: string;
  readonly content: string | undefined;
  readonly algorithm: string | undefined;
  readonly checksum: string | undefined;
  readonly filename: string;
  readonly temporary: string;
}

function storage(name: string, type: string, content: string[]): StandInStorage {
  return { storage: name, type, content, avail: 100e9, total: 200e9, shared: 0, active: 1, disable: 0 };
}
