/** How the container's eth0 gets its addresses: `net0`'s ip, gw, ip6 and gw6. */
export type Addressing = Addressing4 & {
  /** Left out: none is asked for. */
  readonly ip6?: { readonly kind: "auto" | "dhcp" } | Static;
};

type Addressing4 = { readonly kind: "dhcp" | "none" } | Static;

interface Static {
  readonly kind: "static";
  /** With its prefix length, e.g. 10.1.1.120/24. */
  readonly address: string;
  readonly gateway?: string;
}

const SECTION_START = /^\s*(auto|iface|mapping|source|source-directory|allow-\S+|no-auto-down|no-scripts)\b/;
const REPLACED = /^\s+(address|netmask|gateway|broadcast)\s/;

/**
 * ifupdown's /etc/network/interfaces as Proxmox merges it: eth0's own `iface … inet` and `inet6`
 * stanzas get the new address and keep their other options, everything else stays, and what is
 * missing (`auto eth0`, loopback) is added (PVE::LXC::Setup::Debian).
 */
export function mergeInterfaces(old: string, addressing: Addressing): string {
  const { ip6 } = addressing;
  const withIpv4 = mergeFamily(old, "inet", addressing.kind === "none" ? undefined : addressing);
  const merged = mergeFamily(withIpv4, "inet6", ip6);
  const loopback = isAuto(merged, "lo") ? "" : "auto lo\niface lo inet loopback\niface lo inet6 loopback\n\n";
  return `${loopback}${merged}`;
}

function isAuto(text: string, name: string): boolean {
  return text.split("\n").some((line) => {
    const [word, ...names] = line.trim().split(/\s+/);
    return word === "auto" && names.includes(name);
  });
}

type Family = "inet" | "inet6";

/** One family's stanza; undefined takes it out. */
function mergeFamily(old: string, family: Family, wanted: Static | { readonly kind: string } | undefined): string {
  const lines = old.split("\n");
  const start = lines.findIndex((line) => new RegExp(`^\\s*iface\\s+eth0\\s+${family}\\s`).test(line));
  if (start < 0 && wanted === undefined) return old;
  const auto = isAuto(old, "eth0") ? [] : ["auto eth0"];
  if (start < 0) {
    const before = old.trim() === "" ? [] : [...old.replace(/\n+$/, "").split("\n"), ""];
    return ended([...before, ...auto, ...stanza(family, wanted, [])]);
  }
  const length = lines.slice(start + 1).findIndex((line) => SECTION_START.test(line) || line.trim() === "");
  const end = length < 0 ? lines.length : start + 1 + length;
  const kept = lines.slice(start + 1, end).filter((line) => !REPLACED.test(line));
  // An empty line ends a stanza, and the new one brings its own.
  const next = lines[end]?.trim() === "" ? end + 1 : end;
  const after = lines.slice(next).join("\n").replace(/\n+$/, "");
  return ended([...lines.slice(0, start), ...auto, ...stanza(family, wanted, kept), ...(after === "" ? [] : [after])]);
}

function ended(lines: readonly string[]): string {
  return `${lines.join("\n").replace(/\n+$/, "")}\n`;
}

function stanza(
  family: Family,
  wanted: Static | { readonly kind: string } | undefined,
  kept: readonly string[],
): string[] {
  if (wanted === undefined) return [];
  if (!("address" in wanted)) return [`iface eth0 ${family} ${wanted.kind}`, ""];
  return [
    `iface eth0 ${family} static`,
    `\taddress ${wanted.address}`,
    ...(wanted.gateway === undefined ? [] : [`\tgateway ${wanted.gateway}`]),
    ...kept.map((line) => `\t${line.trim()}`),
    "",
  ];
}
