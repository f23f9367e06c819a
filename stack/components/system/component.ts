import { checkModels } from "../check-models.ts";
import type { DeclaredUnit, OwnPart } from "../component.ts";
import { machineChecks } from "./checks.ts";

/** What any container of ours needs: init, network as Proxmox writes it, ssh, and the owner's tools. */
const packages = [
  "bash-completion",
  "ca-certificates",
  "dbus",
  "ifupdown",
  "iproute2",
  "isc-dhcp-client",
  "less",
  "libnss-systemd",
  "locales",
  "logrotate",
  "nano",
  "openssh-server",
  "procps",
  "python3",
  "systemd",
  "systemd-sysv",
  "tzdata",
];

/** Installs security updates, where the definition asks for that. */
const unattendedUpgrades = "unattended-upgrades";

/** A host that is not of the template has its own network, its own way in, and its own tools. */
export const templatesOwnPackages: ReadonlySet<string> = new Set([
  "bash-completion",
  "dbus",
  "ifupdown",
  "isc-dhcp-client",
  "less",
  "libnss-systemd",
  "nano",
  "openssh-server",
  "systemd-sysv",
  unattendedUpgrades,
]);

/** Units that can't work in an unprivileged container, or would be in the way; Proxmox's own builder masks the first three. */
const masked = [
  "sys-kernel-config.mount",
  "sys-kernel-debug.mount",
  "systemd-journald-audit.socket",
  "sys-kernel-tracing.mount",
  "dev-hugepages.mount",
  "systemd-pstore.service",
  // The node's kernel is not a container's to give modules to.
  "systemd-modules-load.service",
  // LXD leaves /proc/sys writable, but not to it.
  "systemd-binfmt.service",
  // Debian 13's own makes keys at the first boot, while stack-ssh-keys.service does.
  "sshd-keygen.service",
];

/** What packages enable and a container has no use for, or no seconds at first boot to spare. */
const disabled = [
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "systemd-networkd.service",
  "systemd-networkd-wait-online.service",
  "systemd-resolved.service",
  "systemd-timesyncd.service",
  // At shutdown alone; the job updates runs what it would.
  "unattended-upgrades.service",
  "remote-fs.target",
];

/** Debian's static group of those who are in none. */
const nogroup = 65_534;

/** What a template is, in the words of Proxmox's appliance builder. */
export const applianceInfo = "/etc/appliance.info";

export const system: OwnPart = {
  name: "system",
  packagedAccounts: [
    { name: "systemd-journal", id: 310 },
    { name: "systemd-network", id: 311, user: { comment: "systemd Network Management", home: "/" } },
    { name: "messagebus", id: 312, user: { comment: "System Message Bus", home: "/nonexistent" } },
    { name: "sshd", id: 313, user: { home: "/run/sshd", group: nogroup } },
    { name: "_ssh", id: 314 },
    { name: "netdev", id: 315 },
  ],
  packages: ({ definition }) => [
    ...packages,
    ...(definition.updates.security ? [unattendedUpgrades] : []),
    ...definition.packages,
  ],
  versions: () => [{ what: "Python", package: "python3", least: "3.11" }],
  checks: () => checkModels(machineChecks, "system"),
  units: () => [
    ...masked.map((unit): DeclaredUnit => ({ unit, want: "masked" })),
    ...disabled.map((unit): DeclaredUnit => ({ unit, want: "disabled" })),
    { unit: "stack-ssh-keys.service", want: "enabled", wantedBy: "ssh.service" },
    { unit: "ssh.service", want: "enabled", wantedBy: "multi-user.target" },
    { unit: "networking.service", want: "enabled", wantedBy: "multi-user.target" },
  ],
  files: ({ debian }) => [
    // Proxmox's own builder puts this one first into a template; so does ours.
    buildFile(applianceInfo, "rootfs-overlay/etc/appliance.info.ejs"),
    buildFile("/etc/apt/apt.conf.d/52stack-updates", "rootfs-overlay/etc/apt/apt.conf.d/52stack-updates.ejs"),
    buildFile("/etc/motd", "rootfs-overlay/etc/motd.ejs"),
    buildFile(debian.localeFile, "rootfs-overlay/etc/default/locale.ejs"),
    {
      ...buildFile(
        "/etc/systemd/journald.conf.d/stack-agent.conf",
        "rootfs-overlay/etc/systemd/journald.conf.d/stack-agent.conf.ejs",
      ),
      unit: "systemd-journald.service",
    },
    {
      ...buildFile("/usr/lib/stack-agent/own-host-keys", "rootfs-overlay/usr/lib/stack-agent/own-host-keys"),
      mode: 0o755,
    },
    buildFile("/etc/systemd/system/stack-ssh-keys.service", "units/stack-ssh-keys.service.ejs"),
    { ...buildFile("/etc/systemd/system/ssh.service", "units/ssh.service"), unit: "ssh.service" },
    buildFile("/usr/lib/systemd/system-preset/10-stack-agent.preset", "units/stack.preset.ejs"),
  ],
};

/** A baked file of root's, readable by all. */
export function buildFile(path: string, template: string) {
  return { path, kind: "file", template, mode: 0o644, owner: "root:root", when: "build" } as const;
}
