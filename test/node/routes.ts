import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { ApiFault, badParameters } from "./api-fault.ts";
import { type Asked, container } from "./asked.ts";
import { configureGuest, createGuest, destroyGuest, shutdownGuest, startGuest, stopGuest } from "./create-guest.ts";
import type { StandInGuest } from "./stand-in-state.ts";

interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  /** Names of parameters that its schema has; others are refused. */
  readonly parameters: RegExp;
  answer(asked: Asked): unknown;
}

/** The paths that an installer asks for, with their permissions as pve-manager declares them. */
export const routes: readonly Route[] = [
  route("GET", "/version", "", ({ state }) => ({
    version: state.version,
    release: state.version.slice(0, 3),
    repoid: "0",
  })),
  route("GET", "/nodes", "", ({ state }) => state.nodes.map((node) => ({ node, type: "node", status: "online" }))),
  route("GET", "/nodes/{node}/status", "", ({ state, user }) => {
    state.access.demand(user, `/nodes/${state.node}`, "Sys.Audit");
    const { cpus, memory, kernel } = state.machine;
    return {
      cpuinfo: { cpus, sockets: 1 },
      memory: { total: memory, free: memory, used: 0 },
      "current-kernel": { machine: kernel },
    };
  }),
  route("GET", "/nodes/{node}/storage", "content|enabled|storage|target|format", ({ state, user }) =>
    state.storages
      .filter(({ storage }) =>
        state.access.may(user, `/storage/${storage}`, "Datastore.Audit", "Datastore.AllocateSpace"),
      )
      .map(({ content, disable, nodes, ...rest }) => {
        const enabled = disable === 0 && nodes?.includes(state.node) !== false ? 1 : 0;
        // One that isn't enabled is listed without being looked at.
        const seen = enabled === 1 ? rest : { ...rest, active: 0, avail: 0, total: 0 };
        return { ...seen, enabled, content: content.join(","), used: seen.total - seen.avail };
      }),
  ),
  route("GET", "/storage", "type", ({ state, user }) =>
    state.storages
      .filter(({ storage }) =>
        state.access.may(user, `/storage/${storage}`, "Datastore.Audit", "Datastore.AllocateSpace"),
      )
      .map(({ storage, type, content, shared, disable, nodes }) => ({
        ...{ storage, type, shared, content: content.join(",") },
        ...(disable === 1 && { disable }),
        ...(nodes !== undefined && { nodes: nodes.join(",") }),
      })),
  ),
  route("GET", "/nodes/{node}/storage/{storage}/content", "content|storage|vmid", async ({ state, user, at }) => {
    const found = state.storages.find(({ storage }) => storage === at.storage);
    if (found === undefined) throw new ApiFault(500, `storage '${at.storage}' does not exist`);
    if (!state.access.may(user, `/storage/${at.storage}`, "Datastore.Audit", "Datastore.AllocateSpace")) return [];
    const folder = state.templates(found.storage);
    const names = (await readdir(folder).catch(() => [])).filter((name) => /\.tar\.(gz|xz|zst|bz2)$/.test(name));
    return Promise.all(
      names.map(async (name) => ({
        volid: `${found.storage}:vztmpl/${name}`,
        content: "vztmpl",
        format: "tgz",
        size: (await stat(join(folder, name))).size,
      })),
    );
  }),
  route("GET", "/nodes/{node}/network", "type", ({ state, user, parameters }) =>
    state.bridges
      .filter(
        (iface) =>
          parameters.type !== "any_bridge" || state.access.may(user, `/sdn/zones/localnetwork/${iface}`, "SDN.Use"),
      )
      .map((iface) => ({ iface, type: "bridge", active: 1 })),
  ),
  route("GET", "/access/permissions", "path|userid", ({ state, user, parameters }) => {
    const path = parameters.path ?? "/";
    return { [path]: Object.fromEntries(state.access.held(user, path).map((privilege) => [privilege, 1])) };
  }),
  route("GET", "/cluster/nextid", "vmid", ({ state, parameters }) => {
    if (parameters.vmid === undefined) {
      let free = 100;
      while (state.guests.has(free)) free++;
      return String(free);
    }
    if (state.guests.has(Number(parameters.vmid)))
      throw badParameters({ vmid: `VM ${parameters.vmid} already exists` });
    return parameters.vmid;
  }),
  route("GET", "/cluster/resources", "type", ({ state, user }) =>
    [...state.guests.values()]
      .filter(({ vmid }) => state.access.may(user, `/vms/${vmid}`, "VM.Audit"))
      .map((guest) => {
        const pool = [...state.access.pools].find(([, members]) => members.has(guest.vmid))?.[0];
        const { vmid, type, node } = guest;
        return { ...seen(guest), id: `${type}/${vmid}`, node, type, ...(pool !== undefined && { pool }) };
      }),
  ),
  route("GET", "/pools", "poolid|type", ({ state, user }) =>
    [...state.access.pools.keys()]
      .filter((poolid) => state.access.may(user, `/pool/${poolid}`, "Pool.Audit"))
      .map((poolid) => ({ poolid })),
  ),
  route("GET", "/nodes/{node}/lxc/{vmid}/status/current", "", (asked) => {
    const guest = container(asked, "VM.Audit");
    return { ...seen(guest), type: "lxc", ...(guest.lock !== undefined && { lock: guest.lock }) };
  }),
  route("GET", "/nodes/{node}/lxc/{vmid}/config", "current|snapshot", (asked) => {
    const guest = container(asked, "VM.Audit");
    return { ...guest.config, digest: "0".repeat(40), ...(guest.lock !== undefined && { lock: guest.lock }) };
  }),
  route("GET", "/nodes/{node}/lxc/{vmid}/interfaces", "", async (asked) => {
    const guest = container(asked, "VM.Audit");
    if (guest.status !== "running") return null;
    const all = await asked.state.guestMaker.addresses(guest.vmid);
    // Of each family the last one wins (PVE::LXC::get_interfaces); since 9 there is a list of all beside them.
    const last = (six: boolean): string | undefined => all.findLast((address) => address.includes(":") === six);
    const [inet, inet6] = [last(false), last(true) ?? "fe80::be24:11ff:fe00:1/64"];
    const list = all.map((address) => {
      const [ip, prefix] = address.split("/");
      return { "ip-address": ip, prefix: Number(prefix), "ip-address-type": ip?.includes(":") ? "inet6" : "inet" };
    });
    return [
      { name: "lo", hwaddr: "00:00:00:00:00:00", inet: "127.0.0.1/8", inet6: "::1/128" },
      {
        ...{ name: "eth0", hwaddr: "bc:24:11:00:00:01", inet6 },
        ...(inet !== undefined && { inet }),
        ...(!asked.state.version.startsWith("8") && { "ip-addresses": list }),
      },
    ];
  }),
  route("POST", "/nodes/{node}/lxc", createGuest.parameters, createGuest.answer),
  route("POST", "/nodes/{node}/lxc/{vmid}/status/start", "debug|skiplock", startGuest),
  route("POST", "/nodes/{node}/lxc/{vmid}/status/stop", "skiplock|overrule-shutdown", stopGuest),
  route("POST", "/nodes/{node}/lxc/{vmid}/status/shutdown", "timeout|forceStop", shutdownGuest),
  route("PUT", "/nodes/{node}/lxc/{vmid}/config", "net\\d+|nameserver|searchdomain|onboot|tags", configureGuest),
  route("DELETE", "/nodes/{node}/lxc/{vmid}", "purge|force|destroy-unreferenced-disks", destroyGuest),
  route(
    "GET",
    "/nodes/{node}/tasks",
    "vmid|typefilter|source|limit|start|userfilter|errors",
    ({ state, user, parameters }) =>
      state.tasks
        .list()
        .filter((task) => task.user === user || state.access.may(user, `/nodes/${state.node}`, "Sys.Audit"))
        .filter((task) => parameters.vmid === undefined || task.id === parameters.vmid)
        .filter((task) => parameters.typefilter === undefined || task.type === parameters.typefilter)
        .filter((task) => {
          // Without a source only what has ended is listed.
          if (parameters.source === "all") return true;
          return (task.exitstatus === undefined) === (parameters.source === "active");
        })
        .map(({ upid, type, id, user: who, starttime, endtime, exitstatus }) => ({
          ...{ upid, type, id, user: who, starttime, node: state.node },
          ...(endtime !== undefined && { endtime, status: exitstatus }),
        })),
  ),
  route("GET", "/nodes/{node}/tasks/{upid}/status", "", (asked) => {
    const { upid, type, id, user, starttime, exitstatus } = task(asked);
    const status = exitstatus === undefined ? { status: "running" } : { status: "stopped", exitstatus };
    return { upid, type, id, user, starttime, node: asked.state.node, ...status };
  }),
  route("GET", "/nodes/{node}/tasks/{upid}/log", "limit|start|download", (asked) => {
    const { log } = task(asked);
    const lines = log.length === 0 ? ["no content"] : log;
    return lines.slice(0, Number(asked.parameters.limit ?? 50)).map((t, index) => ({ n: index + 1, t }));
  }),
];

function route(method: string, path: string, parameters: string, answer: Route["answer"]): Route {
  const pattern = new RegExp(`^${path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`);
  return { method, pattern, parameters: new RegExp(`^(${parameters === "" ? "(?!)" : parameters})$`), answer };
}

function task({ state, user, at }: Asked) {
  const found = state.tasks.find(at.upid ?? "");
  if (found.user !== user) state.access.demand(user, `/nodes/${state.node}`, "Sys.Audit");
  return found;
}

function seen({ vmid, config, status }: StandInGuest) {
  const { hostname, tags } = config;
  return { vmid, status, ...(hostname !== undefined && { name: hostname }), ...(tags !== undefined && { tags }) };
}
