import { type GuestFiles, guestFiles } from "./guest-files.ts";
import { type Addressing, mergeInterfaces } from "./merge-interfaces.ts";
import { withoutPveSection, withPveSection } from "./pve-section.ts";

/** What of a container's configuration Proxmox writes into its files. */
export interface GuestSettings {
  readonly rootfs: string;
  /** Without underscore; a domain after the first dot is kept in /etc/hosts only. */
  readonly hostname: string;
  readonly network: Addressing;
  readonly dns: { readonly nameservers: readonly string[]; readonly search?: string };
}

/** Terminals of a container by default (`tty`, PVE::LXC::Config). */
const TTY_COUNT = 2;

/** Units Proxmox presets on every container's first boot; see facts of PVE::LXC::Setup. */
const PRESETS: Readonly<Record<string, "enable" | "disable">> = {
  "container-getty@.service": "enable",
  "getty@.service": "disable",
  "sys-kernel-config.mount": "disable",
  "sys-kernel-debug.mount": "disable",
  "systemd-networkd.service": "disable",
};

/** What Proxmox writes again at **every** start of a container, in its order. */
export async function rewriteForStart(settings: GuestSettings): Promise<void> {
  const guest = guestFiles(settings.rootfs);
  await guest.write("/fastboot", "");
  await rewriteSettings(guest, settings);
}

/** The part that creating and starting have in common: terminals, presets, network, names. */
export async function rewriteSettings(guest: GuestFiles, settings: GuestSettings): Promise<void> {
  await enableTerminals(guest);
  await writePresets(guest);
  const interfaces = (await guest.text("/etc/network/interfaces")) ?? "";
  await guest.write("/etc/network/interfaces", mergeInterfaces(interfaces, settings.network));
  await guest.write("/etc/hosts", await hosts(guest, settings));
  await guest.write("/etc/hostname", `${shortName(settings.hostname)}\n`);
  await guest.write("/etc/resolv.conf", withPveSection(undefined, resolvConf(settings.dns)));
}

/** A hostname's first label. */
export function shortName(hostname: string): string {
  return hostname.replace(/\..*$/, "");
}

async function enableTerminals(guest: GuestFiles): Promise<void> {
  const template = "/lib/systemd/system/container-getty@.service";
  const unit = await guest.text(template);
  if (unit === undefined) return;
  const rewritten = unit.replace(/pts\/%I|lxc\/tty%I/g, "tty%I");
  if (rewritten !== unit) await guest.write(template, rewritten);
  const wants = "/etc/systemd/system/getty.target.wants";
  const hasWants = await guest.isFolder(wants);
  for (let tty = 1; tty < 7; tty += 1) {
    await guest.remove(`${wants}/getty@tty${tty}.service`);
    await guest.remove(`${wants}/container-getty@${tty}.service`);
    if (tty <= TTY_COUNT && hasWants) await guest.symlink(template, `${wants}/container-getty@${tty}.service`);
  }
  await guest.remove("/etc/systemd/system/getty.target");
}

async function writePresets(guest: GuestFiles): Promise<void> {
  const lines = Object.entries(PRESETS).map(([unit, verb]) => `${verb} ${unit}\n`);
  await guest.folder("/etc/systemd/system-preset", 0o755);
  await guest.write(
    "/etc/systemd/system-preset/00-pve.preset",
    `# Added by PVE at create-time for first-boot configuration.\n${lines.join("")}`,
  );
}

async function hosts(guest: GuestFiles, { hostname, network, dns }: GuestSettings): Promise<string> {
  const old = await guest.text("/etc/hosts");
  const rest = withoutPveSection(old ?? "");
  const body: string[] = [];
  if (!/^[ \t]*127\.0\.0\.1[ \t]/m.test(rest)) body.push("127.0.0.1 localhost.localnet localhost");
  if (!/^[ \t]*::1[ \t]/m.test(rest)) body.push("::1 localhost.localnet localhost");
  const fixed = [network, network.ipv6].find((one) => one?.kind === "static");
  const address = fixed !== undefined && "address" in fixed ? fixed.address.replace(/\/.*$/, "") : "127.0.1.1";
  const search = dns.search === undefined ? [] : dns.search.split(/[\s,;]+/);
  const names = hostname.includes(".")
    ? [hostname, shortName(hostname)]
    : [...search.map((domain) => `${hostname}.${domain}`), hostname];
  return withPveSection(old, [...body, `${address} ${names.join(" ")}`].join("\n"));
}

function resolvConf(dns: GuestSettings["dns"]): string {
  const search = dns.search === undefined ? "" : `search ${dns.search}\n`;
  return search + dns.nameservers.map((address) => `nameserver ${address}\n`).join("");
}
