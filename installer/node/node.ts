import { type ApiRequestable, type Proxmox, proxmoxApi } from "proxmox-api";
import * as z from "zod/mini";
import { isStackError, StackError } from "../../lib/error.ts";
import type { Transport } from "../transports/transport.ts";
import { answers } from "./answers.ts";

/** A container or virtual machine that has a vmid. */
export interface Guest {
  readonly vmid: number;
  readonly type: "lxc" | "qemu";
  readonly node: string;
  readonly name: string | undefined;
  readonly tags: readonly string[];
  /** `running`, `stopped`; undefined where it is on another node. */
  readonly status: string | undefined;
  /** What is being done with it, e.g. `create`. */
  readonly lock: string | undefined;
  readonly pool?: string | undefined;
}

export interface Storage {
  readonly name: string;
  readonly type: string;
  readonly content: readonly string[];
  /** False where it can't be reached, or isn't enabled. */
  readonly active: boolean;
  /** False where it is switched off, or isn't this node's. */
  readonly enabled: boolean;
  /** The only nodes that have it; undefined where all have, or an enabled one. */
  readonly nodes?: readonly string[] | undefined;
  /** One and the same on every node of the cluster. */
  readonly shared: boolean;
  /** Bytes; undefined where the node doesn't tell. */
  readonly available: number | undefined;
}

export interface Task {
  readonly upid: string;
  readonly user: string;
  /** Seconds since 1970, by the node's clock. */
  readonly started: number;
  readonly running: boolean;
}

export interface Machine {
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  /** As `uname -m`. */
  readonly machine: string | undefined;
}

export interface Addresses {
  readonly addresses: readonly string[];
  /** False where the node tells one of each family alone: of IPv6 its link's, which is no address here. */
  readonly complete: boolean;
}

/** What POST /nodes/NODE/lxc takes. */
export type CreateParameters = Parameters<ReturnType<Proxmox.Api["nodes"]["$"]>["lxc"]["$post"]>[0];

/** What is asked of one node, typed. Answers are checked; errors are the transport's. */
export type Node = ReturnType<typeof openNode>;

/** @param name the node's name in its cluster */
export function openNode(transport: Transport, name: string) {
  const api = typedApi(transport);
  const node = api.nodes.$(name);
  const guestStatus = async (vmid: number) =>
    read(answers.guestStatus, await node.lxc.$(vmid).status.current.$get(), "a container's status");
  const tasksOf = async (vmid: number, typefilter: string): Promise<readonly Task[]> =>
    read(answers.tasks, await node.tasks.$get({ vmid, typefilter, source: "all" }), "the tasks")
      .map(({ upid, user, starttime, endtime }) => ({
        ...{ upid, user, started: starttime },
        running: endtime === undefined,
      }))
      .sort((a, b) => b.started - a.started);
  return {
    name,
    where: transport.where,
    user: transport.user,
    upload: transport.upload,
    checksum: transport.checksum,

    version: async (): Promise<string> => read(answers.version, await api.version.$get(), "the version").version,

    /** undefined where the token may not look. */
    machine: async (): Promise<Machine | undefined> => {
      const status = await permitted(() => node.status.$get());
      if (status === undefined) return undefined;
      const { cpuinfo, memory, ...rest } = read(answers.nodeStatus, status, "the node's status");
      return { cores: cpuinfo.cpus, memory: memory.total, machine: rest["current-kernel"]?.machine };
    },

    /** Those that the token may see. */
    storages: async (): Promise<readonly Storage[]> => {
      const all = read(answers.storages, await node.storage.$get(), "the storages");
      // The list says `enabled: 0` of both that are switched off and that are other nodes' (PVE::Storage::storage_info).
      const unsure = all.some(({ enabled }) => !enabled);
      const settings = unsure ? read(answers.storageSettings, await api.storage.$get(), "the storages' settings") : [];
      return all.map(({ storage, type, content, active, enabled, shared, avail }) => ({
        ...{ name: storage, type, enabled, shared, available: avail },
        content: content.split(","),
        active: active && enabled,
        nodes: settings.find((one) => one.storage === storage)?.nodes?.split(","),
      }));
    },

    /** Bridges that the token may use. */
    bridges: async (): Promise<readonly string[]> =>
      read(answers.networks, await node.network.$get({ type: "any_bridge" }), "the bridges").map(({ iface }) => iface),

    /** Privileges on a path of the access list, e.g. /vms/120. */
    privileges: async (path: string): Promise<readonly string[]> => {
      const all = read(answers.permissions, await api.access.permissions.$get({ path }), "the permissions");
      return Object.keys(all[path] ?? {});
    },

    /** File name and bytes of the templates in a storage. */
    templates: async (storage: string): Promise<readonly { readonly file: string; readonly bytes: number }[]> =>
      read(answers.contents, await node.storage.$(storage).content.$get({ content: "vztmpl" }), "the templates").map(
        ({ volid, size }) => ({ file: volid.slice(volid.indexOf("/") + 1), bytes: size }),
      ),

    /** Those that the token may see. */
    pools: async (): Promise<readonly string[]> =>
      read(answers.pools, await api.pools.$get(), "the pools").map(({ poolid }) => poolid),

    /** Every guest of the cluster that the token may see. */
    guests: async (): Promise<readonly Guest[]> =>
      read(answers.resources, await api.cluster.resources.$get({ type: "vm" }), "the guests").map(
        ({ vmid, type, node: on, name: guestName, tags, pool }) => ({
          vmid,
          type,
          pool,
          node: on,
          name: guestName,
          tags: tagList(tags),
          status: undefined,
          lock: undefined,
        }),
      ),

    /** The list of guests is some seconds old; this is not. */
    refreshed: async (guest: Guest): Promise<Guest> => {
      if (guest.type !== "lxc" || guest.node !== name) return guest;
      const { status, lock, tags } = await guestStatus(guest.vmid);
      return { ...guest, status, lock, tags: tags === undefined ? guest.tags : tagList(tags) };
    },

    /** Whether no guest has this vmid, one that the token may not see included. */
    isFree: async (vmid: number): Promise<boolean> => {
      try {
        return read(answers.vmid, await api.cluster.nextid.$get({ vmid }), "the vmid") === vmid;
      } catch (error) {
        if (isStackError(error) && error.detail.some((line) => line.startsWith("vmid:"))) return false;
        throw error;
      }
    },

    nextId: async (): Promise<number> => read(answers.vmid, await api.cluster.nextid.$get(), "the next vmid"),

    /** Tasks that made or make a container, the newest first. */
    creations: (vmid: number): Promise<readonly Task[]> => tasksOf(vmid, "vzcreate"),
    /** Those that started it. */
    starts: (vmid: number): Promise<readonly Task[]> => tasksOf(vmid, "vzstart"),

    /** @returns the task, as of all that follow */
    create: async (parameters: CreateParameters): Promise<string> => upid(await node.lxc.$post(parameters)),
    start: async (vmid: number): Promise<string> => upid(await node.lxc.$(vmid).status.start.$post()),
    stop: async (vmid: number): Promise<string> => upid(await node.lxc.$(vmid).status.stop.$post()),
    /** Asks its systemd to; after that many seconds its power is cut. */
    shutdown: async (vmid: number, patience: number): Promise<string> =>
      upid(await node.lxc.$(vmid).status.shutdown.$post({ timeout: patience, forceStop: true })),
    destroy: async (vmid: number): Promise<string> => upid(await node.lxc.$(vmid).$delete({ purge: true })),

    /** Its configuration: what Proxmox knows, key by key. */
    config: async (vmid: number): Promise<Readonly<Record<string, unknown>>> =>
      read(z.record(z.string(), z.unknown()), await node.lxc.$(vmid).config.$get(), "a container's configuration"),

    /** Changes its configuration; of one that runs, what its next start has. */
    configure: async (vmid: number, settings: Readonly<Record<string, string | boolean>>): Promise<void> => {
      await node.lxc.$(vmid).config.$put(settings);
    },

    /** Addresses of a running container's eth0, without their prefix length; none of its link alone. */
    addresses: async (vmid: number): Promise<Addresses> => {
      // Null in the moment before its network is there.
      const all = read(z.nullish(answers.interfaces), await node.lxc.$(vmid).interfaces.$get(), "the addresses") ?? [];
      const eth0 = all.filter((one) => one.name === "eth0");
      const addresses = eth0
        .flatMap((one) => [one.inet, ...(one["ip-addresses"] ?? []).map((each) => each["ip-address"]), one.inet6])
        .flatMap((address) => (address === undefined || /^fe[89ab]/i.test(address) ? [] : [withoutPrefix(address)]))
        .filter((address, index, each) => each.indexOf(address) === index);
      return { addresses, complete: eth0.every((one) => one["ip-addresses"] !== undefined) };
    },

    taskStatus: async (task: string) =>
      read(answers.taskStatus, await node.tasks.$(task).status.$get(), "a task's status"),

    /** The last lines of a task's log. */
    taskLog: async (task: string, lines = 20): Promise<readonly string[]> =>
      read(answers.taskLog, await node.tasks.$(task).log.$get({ limit: 5000 }), "a task's log")
        .map(({ t }) => t)
        .filter((line) => line !== "")
        .slice(-lines),
  };
}

/** Every node of the cluster. */
export async function nodeNames(transport: Transport): Promise<readonly string[]> {
  return read(answers.nodes, await typedApi(transport).nodes.$get(), "the nodes").map(({ node }) => node);
}

/** proxmox-api's types over a transport of ours: it would send a write twice, and trust any certificate. */
function typedApi(transport: Transport): Proxmox.Api {
  const engine: ApiRequestable = {
    doRequest: (method, path, _template, parameters) => transport.request(method, path, parameters),
  };
  return proxmoxApi(engine);
}

async function permitted<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isStackError(error) && error.code === "not-allowed") return undefined;
    throw error;
  }
}

function upid(answer: unknown): string {
  return read(answers.upid, answer, "a task");
}

function read<T extends z.ZodMiniType>(schema: T, answer: unknown, what: string): z.output<T> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new StackError("strange-answer", `the node's answer about ${what} is not what Proxmox 8 and 9 say`, {
    detail: parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`),
  });
}

function tagList(tags: string | undefined): string[] {
  return (tags ?? "").split(/[;, ]/).filter((tag) => tag !== "");
}

function withoutPrefix(address: string): string {
  return address.replace(/\/.*$/, "");
}
