import * as z from "zod/mini";

/** Proxmox writes a boolean as 1 or 0, and some numbers as text. */
const flag = z.pipe(
  z.union([z.boolean(), z.number(), z.string()]),
  z.transform((value) => Number(value) === 1),
);
const number = z.pipe(z.union([z.number(), z.string()]), z.transform(Number));

/** What is read of the API's answers. What else they have is left alone. */
export const answers = {
  version: z.object({ version: z.string() }),
  nodes: z.array(z.object({ node: z.string(), status: z.optional(z.string()) })),
  nodeStatus: z.object({
    cpuinfo: z.object({ cpus: number }),
    memory: z.object({ total: number }),
    "current-kernel": z.optional(z.object({ machine: z.string() })),
  }),
  storages: z.array(
    z.object({
      storage: z.string(),
      type: z.string(),
      content: z.string(),
      active: z._default(flag, true),
      enabled: z._default(flag, true),
      shared: z._default(flag, false),
      avail: z.optional(number),
      total: z.optional(number),
    }),
  ),
  storageSettings: z.array(z.object({ storage: z.string(), nodes: z.optional(z.string()) })),
  pools: z.array(z.object({ poolid: z.string() })),
  networks: z.array(z.object({ iface: z.string() })),
  permissions: z.record(z.string(), z.record(z.string(), z.unknown())),
  resources: z.array(
    z.object({
      vmid: number,
      type: z.enum(["lxc", "qemu"]),
      node: z.string(),
      name: z.optional(z.string()),
      tags: z.optional(z.string()),
      pool: z.optional(z.string()),
    }),
  ),
  guestStatus: z.object({ status: z.string(), lock: z.optional(z.string()), tags: z.optional(z.string()) }),
  contents: z.array(z.object({ volid: z.string(), size: number })),
  tasks: z.array(z.object({ upid: z.string(), user: z.string(), starttime: number, endtime: z.optional(number) })),
  taskStatus: z.object({ status: z.enum(["running", "stopped"]), exitstatus: z.optional(z.string()) }),
  taskLog: z.array(z.object({ n: number, t: z.string() })),
  interfaces: z.array(
    z.object({
      name: z.string(),
      /** Of each family one alone, the last that it has: of IPv6 its link's. */
      inet: z.optional(z.string()),
      inet6: z.optional(z.string()),
      /** All of them; not of every version. */
      "ip-addresses": z.optional(z.array(z.object({ "ip-address": z.string() }))),
    }),
  ),
  upid: z.string().check(z.regex(/^UPID:/)),
  vmid: z.pipe(z.union([z.string(), z.number()]), z.transform(Number)),
};
