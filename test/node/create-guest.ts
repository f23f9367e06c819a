import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Addressing } from "../../lib/lxc/merge-interfaces.ts";
import { ApiFault, badParameters } from "./api-fault.ts";
import { type Asked, container } from "./asked.ts";
import type { StandInGuest, StandInState } from "./stand-in-state.ts";

/** `POST /nodes/NODE/lxc`, as PVE::API2::LXC's create_vm. */
export const createGuest = {
  parameters:
    "vmid|ostemplate|ostype|hostname|unprivileged|features|cores|memory|swap|rootfs|net\\d+|mp\\d+|nameserver|" +
    "searchdomain|onboot|startup|tags|description|ssh-public-keys|password|start|timezone|force|arch|pool|storage",
  answer: ({ state, user, parameters }: Asked): string => {
    const vmid = Number(parameters.vmid);
    verify(parameters);
    demandVm(state, user, parameters);
    const [storage = "", size = "4"] = (parameters.rootfs ?? "local:4").split(":");
    const target = state.storages.find((one) => one.storage === storage);
    if (target === undefined) throw new ApiFault(500, `storage '${storage}' does not exist`);
    if (target.disable === 1) throw new ApiFault(500, `storage '${storage}' is disabled`);
    if (target.nodes?.includes(state.node) === false) {
      throw new ApiFault(500, `storage '${storage}' is not available on node '${state.node}'`);
    }
    state.access.demand(user, `/storage/${storage}`, "Datastore.AllocateSpace");
    const volumes = Object.entries(parameters).flatMap(([key, value]) => {
      const [, pool = "", size = "", options = ""] = /^([^:]+):(\d+),(.*)$/.exec(value) ?? [];
      return /^mp\d+$/.test(key) ? [{ key, pool, size, options, path: keyed(options).mp ?? "" }] : [];
    });
    for (const { pool } of volumes) {
      if (!state.storages.some((one) => one.storage === pool))
        throw new ApiFault(500, `storage '${pool}' does not exist`);
      state.access.demand(user, `/storage/${pool}`, "Datastore.AllocateSpace");
    }
    const net = keyed(parameters.net0 ?? "name=eth0");
    if (net.bridge !== undefined) {
      const zone = `/sdn/zones/localnetwork/${net.bridge}`;
      state.access.demand(user, net.tag === undefined ? zone : `${zone}/${net.tag}`, "SDN.Use");
    }
    if (!/^(nesting=[01])?$/.test(parameters.features ?? "") && user !== "root@pam") {
      throw new ApiFault(403, "changing feature flags (except nesting) is only allowed for root@pam");
    }
    const other = state.guests.get(vmid);
    if (other !== undefined) {
      const what = `${other.type === "lxc" ? "CT" : "VM"} ${vmid}`;
      throw new ApiFault(500, `unable to create CT ${vmid} - ${what} already exists on node '${other.node}'`);
    }
    // Until the task has ended the configuration is empty but for the lock.
    const guest: StandInGuest = { vmid, type: "lxc", node: state.node, config: {}, lock: "create", status: "stopped" };
    state.guests.set(vmid, guest);
    return state.tasks.start("vzcreate", String(vmid), user, async (log) => {
      try {
        const [, store = "", file = ""] = /^([^:]+):vztmpl\/(.+)$/.exec(parameters.ostemplate ?? "") ?? [];
        const template = join(state.templates(store), file);
        if (!(await isFile(template))) throw new Error(`volume '${parameters.ostemplate}' does not exist`);
        if (!target.content.includes("rootdir")) {
          throw new Error(`storage '${storage}' does not support container directories`);
        }
        log(`  Logical volume "vm-${vmid}-disk-0" created.`);
        log(`extracting archive '${template}'`);
        await state.guestMaker.create(
          {
            ...{ vmid, template, ...attached(net, vmid), nesting: parameters.features === "nesting=1" },
            hostname: parameters.hostname ?? `CT${vmid}`,
            memory: Number(parameters.memory ?? 512),
            swap: Number(parameters.swap ?? 512),
            cores: Number(parameters.cores ?? 1),
            volumes: volumes.map(({ path }) => path),
            ...(parameters["ssh-public-keys"] !== undefined && { sshKeys: parameters["ssh-public-keys"] }),
          },
          log,
        );
        warnOfNesting(parameters.features, log);
        const { vmid: _vmid, ostemplate: _template, rootfs: _rootfs, "ssh-public-keys": _keys, ...rest } = parameters;
        const { pool, ...kept } = rest;
        const unprivileged = parameters.unprivileged ?? (state.version.startsWith("8") ? "0" : "1");
        const disk = (index: number): string => `vm-${vmid}-disk-${index}`;
        guest.config = {
          ...kept,
          ...(kept.net0 !== undefined && { net0: printedNet(net, vmid) }),
          ...{ unprivileged, arch: "amd64", rootfs: `${storage}:${disk(0)},size=${size}G` },
          ...Object.fromEntries(
            volumes.map((one, index) => [one.key, `${one.pool}:${disk(index + 1)},${one.options},size=${one.size}G`]),
          ),
        };
        guest.lock = undefined;
        if (pool !== undefined) state.access.pools.get(pool)?.add(vmid);
      } catch (error) {
        state.guests.delete(vmid);
        await state.guestMaker.destroy(vmid);
        throw new Error(`unable to create CT ${vmid} - ${error instanceof Error ? error.message : String(error)}`);
      }
    });
  },
};

export function startGuest(asked: Asked): string {
  const guest = container(asked, "VM.PowerMgmt");
  const { state, user } = asked;
  if (guest.status === "running") throw new ApiFault(500, `CT ${guest.vmid} already running`);
  if (guest.lock !== undefined) throw new ApiFault(500, `CT is locked (${guest.lock})`);
  return state.tasks.start("vzstart", String(guest.vmid), user, async (log) => {
    warnOfNesting(guest.config.features, log);
    const { bridge } = keyed(String(guest.config.net0 ?? ""));
    if (bridge !== undefined && !state.bridges.includes(bridge)) throw new Error(`bridge '${bridge}' does not exist`);
    await state.guestMaker.start(guest.vmid);
    guest.status = "running";
  });
}

export function stopGuest(asked: Asked): string {
  const guest = container(asked, "VM.PowerMgmt");
  if (guest.status !== "running") throw new ApiFault(500, `CT ${guest.vmid} not running`);
  return asked.state.tasks.start("vzstop", String(guest.vmid), asked.user, async () => {
    await asked.state.guestMaker.stop(guest.vmid);
    guest.status = "stopped";
  });
}

export function shutdownGuest(asked: Asked): string {
  const guest = container(asked, "VM.PowerMgmt");
  if (guest.status !== "running") throw new ApiFault(500, `CT ${guest.vmid} not running`);
  return asked.state.tasks.start("vzshutdown", String(guest.vmid), asked.user, async () => {
    await asked.state.guestMaker.shutdown(guest.vmid);
    guest.status = "stopped";
  });
}

/** `PUT /nodes/NODE/lxc/VMID/config`, of what is written at a container's start. */
export async function configureGuest(asked: Asked): Promise<null> {
  const { parameters, state, user } = asked;
  const guest = container(asked, "VM.Audit");
  for (const name of Object.keys(parameters)) {
    const needed = configPrivileges.find(([form]) => form.test(name))?.[1] ?? "VM.Config.Options";
    state.access.demand(user, `/vms/${guest.vmid}`, needed);
  }
  verifyForms(parameters);
  if (guest.lock !== undefined) throw new ApiFault(500, `CT is locked (${guest.lock})`);
  const net = parameters.net0 === undefined ? undefined : keyed(parameters.net0);
  if (net !== undefined) await state.guestMaker.configure(guest.vmid, attached(net, guest.vmid));
  guest.config = { ...guest.config, ...parameters, ...(net !== undefined && { net0: printedNet(net, guest.vmid) }) };
  return null;
}

export function destroyGuest(asked: Asked): string {
  const guest = container(asked, "VM.Allocate");
  const { state, user } = asked;
  if (guest.status === "running" && asked.parameters.force !== "1") {
    throw new ApiFault(500, `unable to destroy CT ${guest.vmid} - container is running`);
  }
  if (guest.lock !== undefined) throw new ApiFault(500, `CT is locked (${guest.lock})`);
  return state.tasks.start("vzdestroy", String(guest.vmid), user, async () => {
    await state.guestMaker.destroy(guest.vmid);
    state.guests.delete(guest.vmid);
    state.access.removeVm(guest.vmid);
  });
}

/** Which privilege a parameter needs, where it isn't VM.Config.Options (PVE::LXC::check_ct_modify_config_perm). */
const configPrivileges: readonly (readonly [parameter: RegExp, privilege: string])[] = [
  [/^cores$/, "VM.Config.CPU"],
  [/^(rootfs|mp\d+)$/, "VM.Config.Disk"],
  [/^(memory|swap)$/, "VM.Config.Memory"],
  [/^(net\d+|nameserver|searchdomain|hostname)$/, "VM.Config.Network"],
  [/^(vmid|ostemplate|unprivileged|pool|ssh-public-keys|password|storage|start|force|features)$/, "VM.Allocate"],
];

/** What making a container takes, on the pool it is made in or on itself. @throws ApiFault 403 */
function demandVm({ access }: StandInState, user: string, parameters: Readonly<Record<string, string>>): void {
  const { vmid, pool } = parameters;
  if (pool !== undefined && !access.pools.has(pool)) throw new ApiFault(403, `pool '${pool}' does not exist`);
  for (const name of Object.keys(parameters)) {
    const needed = configPrivileges.find(([form]) => form.test(name))?.[1] ?? "VM.Config.Options";
    if (pool !== undefined && access.may(user, `/pool/${pool}`, needed)) continue;
    access.demand(user, `/vms/${vmid}`, needed);
  }
}

/** What PVE's JSON schema says of single values. */
const formats: Readonly<Record<string, readonly [form: RegExp, fault: string]>> = {
  vmid: [/^[1-9]\d{2,8}$/, "invalid format - value does not look like a valid VM ID"],
  hostname: [/^[a-zA-Z0-9]([a-zA-Z0-9-.]*[a-zA-Z0-9])?$/, "invalid format - value does not look like a valid DNS name"],
  ostemplate: [/^[a-zA-Z][\w.-]*:.+$/, "invalid format - unable to parse volume ID"],
  unprivileged: [/^[01]$/, "type check ('boolean') failed"],
  onboot: [/^[01]$/, "type check ('boolean') failed"],
  cores: [/^[1-9]\d*$/, "type check ('integer') failed"],
  memory: [/^\d+$/, "type check ('integer') failed"],
  swap: [/^\d+$/, "type check ('integer') failed"],
  tags: [/^([a-z0-9_][a-z0-9_.+-]*)([;, ][a-z0-9_][a-z0-9_.+-]*)*$/i, "invalid format - invalid characters in tag"],
  startup: [/^(order=)?\d+(,(up|down)=\d+)*$/, "invalid format - unable to parse startup options"],
  net0: [/^name=[^,]+(,\w+=[^,]+)*$/, "invalid format - format error"],
  mp0: [/^[^:]+:\d+,mp=\/[^,]+(,\w+=[^,]+)*$/, "invalid format - format error"],
};

function formFaults(parameters: Readonly<Record<string, string>>): (readonly [string, string])[] {
  return Object.entries(parameters).flatMap(([name, value]) => {
    const [form, fault] = formats[name] ?? [];
    return form === undefined || fault === undefined || form.test(value) ? [] : [[name, fault] as const];
  });
}

function verifyForms(parameters: Readonly<Record<string, string>>): void {
  const faults = formFaults(parameters);
  if (faults.length > 0) throw badParameters(Object.fromEntries(faults));
}

function verify(parameters: Readonly<Record<string, string>>): void {
  const faults = formFaults(parameters);
  for (const name of ["vmid", "ostemplate"]) {
    if (parameters[name] === undefined) faults.push([name, "property is missing and it is not optional"]);
  }
  if (faults.length > 0) throw badParameters(Object.fromEntries(faults));
}

function keyed(text: string): Record<string, string> {
  return Object.fromEntries(text.split(",").map((part) => part.split("=", 2) as [string, string]));
}

function addressing({ ip, gw, ip6, gw6 }: Readonly<Record<string, string>>): Addressing {
  const fixed = (address: string, gateway: string | undefined) =>
    ({ kind: "static", address, ...(gateway !== undefined && { gateway }) }) as const;
  const four = ip === undefined ? ({ kind: "none" } as const) : ip === "dhcp" ? ({ kind: ip } as const) : fixed(ip, gw);
  if (ip6 === undefined) return four;
  return { ...four, ipv6: ip6 === "auto" || ip6 === "dhcp" ? { kind: ip6 } : fixed(ip6, gw6) };
}

/** What of a network card a container is started with. */
function attached(net: Readonly<Record<string, string>>, vmid: number) {
  return { addressing: addressing(net), mac: (net.hwaddr ?? ownMac(vmid)).toLowerCase() };
}

function ownMac(vmid: number): string {
  return `BC:24:11:00:00:${(vmid % 256).toString(16).toUpperCase().padStart(2, "0")}`;
}

/** As Proxmox keeps it: with a MAC address of its own, the name first, the rest by the alphabet. */
function printedNet(net: Readonly<Record<string, string>>, vmid: number): string {
  const { name = "eth0", ...rest } = net;
  const hwaddr = ownMac(vmid);
  const all = Object.entries({ hwaddr, type: "veth", ...rest }).sort(([a], [b]) => (a < b ? -1 : 1));
  return [["name", name], ...all].map(([key, value]) => `${key}=${value}`).join(",");
}

/** PVE::LXC::Setup::Base, of every newer systemd, whatever its container needs. */
function warnOfNesting(features: string | number | undefined, log: (line: string) => void): void {
  if (features !== "nesting=1") log("WARN: Systemd 252 detected. You may need to enable nesting.");
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
