/** How the container's eth0 gets its addresses: Proxmox's `ip=` and `gw=`, `ip6=` and `gw6=`. */
export type Addressing = (Dhcp | Static | { readonly kind: "none" }) & {
  readonly ipv6?: Dhcp | Static | { readonly kind: "auto" };
};

interface Dhcp {
  readonly kind: "dhcp";
}

interface Static {
  readonly kind: "static";
  /** With its prefix length, e.g. 10.1.1.120/24. */
  readonly address: string;
  /** Left out: the router that advertises itself. */
  readonly gateway?: string;
}

const SECTION_START = /^\s*(auto|iface|mapping|source|source-directory|allow-\S+|no-auto-down|no-scripts)\b/;
const REPLACED = /^\s+(address|netmask|gateway|broadcast)\s/;

/**
 * ifupdown's /etc/network/interfaces as Proxmox merges it: eth0's own `iface … inet` and `inet6`
 * stanzas get the new addresses and keep their other options, or go where there is none, everything
 * else stays, and what is missing (`auto eth0`, loopback) is added (PVE::LXC::Setup::Debian).
 */
export function mergeInterfaces(old: string, { ipv6, ...ipv4 }: Addressing): string {
  const both = mergeStanza(mergeStanza(old, "inet", ipv4), "inet6", ipv6 ?? { kind: "none" });
  const loopback = isAuto(old, "lo") ? "" : "auto lo\niface lo inet loopback\niface lo inet6 loopback\n\n";
  return `${loopback}${both.replace(/\n+$/, "")}\n`;
}

type OneFamily = Omit<Addressing, "ipv6"> | NonNullable<Addressing["ipv6"]>;

function mergeStanza(old: string, family: "inet" | "inet6", addressing: OneFamily): string {
  const lines = old.split("\n");
  const start = lines.findIndex((line) => new RegExp(`^\\s*iface\\s+eth0\\s+${family}\\s`).test(line));
  const auto = isAuto(old, "eth0") ? [] : ["auto eth0"];
  if (start < 0) {
    if (addressing.kind === "none") return old;
    const before = old.trim() === "" ? [] : [...old.replace(/\n+$/, "").split("\n"), ""];
    return [...before, ...auto, ...stanza(family, addressing, [])].join("\n");
  }
  const length = lines.slice(start + 1).findIndex((line) => SECTION_START.test(line) || line.trim() === "");
  const end = length < 0 ? lines.length : start + 1 + length;
  const kept = lines.slice(start + 1, end).filter((line) => !REPLACED.test(line));
  const after = lines
    .slice(end)
    .join("\n")
    .replace(/^\n+|\n+$/g, "");
  const rest = after === "" ? [] : [after];
  return [...lines.slice(0, start), ...auto, ...stanza(family, addressing, kept), ...rest].join("\n");
}

function isAuto(text: string, name: string): boolean {
  return text.split("\n").some((line) => {
    const [word, ...names] = line.trim().split(/\s+/);
    return word === "auto" && names.includes(name);
  });
}

function stanza(family: string, addressing: OneFamily, kept: readonly string[]): string[] {
  if (addressing.kind === "none") return [];
  if (!("address" in addressing)) return [`iface eth0 ${family} ${addressing.kind}`, ""];
  return [
    `iface eth0 ${family} static`,
    `\taddress ${addressing.address}`,
    ...(addressing.gateway === undefined ? [] : [`\tgateway ${addressing.gateway}`]),
    ...kept.map((line) => `\t${line.trim()}`),
    "",
  ];
}
