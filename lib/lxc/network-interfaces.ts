/** How the container's eth0 gets its address: `ip=dhcp`, or `ip=ADDRESS,gw=GATEWAY`. */
export type Addressing =
  | { readonly kind: "dhcp" }
  /** `address` with its prefix length, e.g. 10.1.1.120/24. */
  | { readonly kind: "static"; readonly address: string; readonly gateway: string };

const SECTION_START = /^\s*(auto|iface|mapping|source|source-directory|allow-\S+|no-auto-down|no-scripts)\b/;
const REPLACED = /^\s+(address|netmask|gateway|broadcast)\s/;

/**
 * ifupdown's /etc/network/interfaces as Proxmox merges it: eth0's own `iface … inet` stanza
 * gets the new address and keeps its other options, everything else stays, and what is
 * missing (`auto eth0`, loopback) is added (PVE::LXC::Setup::Debian).
 */
export function mergeInterfaces(old: string, addressing: Addressing): string {
  const lines = old.split("\n");
  const start = lines.findIndex((line) => /^\s*iface\s+eth0\s+inet\s/.test(line));
  const isAuto = (name: string): boolean =>
    lines.some((line) => {
      const [word, ...names] = line.trim().split(/\s+/);
      return word === "auto" && names.includes(name);
    });
  const auto = isAuto("eth0") ? [] : ["auto eth0"];
  let merged: string[];
  if (start < 0) {
    const before = old.trim() === "" ? [] : [...old.replace(/\n+$/, "").split("\n"), ""];
    merged = [...before, ...auto, ...stanza(addressing, [])];
  } else {
    const length = lines.slice(start + 1).findIndex((line) => SECTION_START.test(line) || line.trim() === "");
    const end = length < 0 ? lines.length : start + 1 + length;
    const kept = lines.slice(start + 1, end).filter((line) => !REPLACED.test(line));
    const after = lines.slice(end).join("\n").replace(/\n+$/, "");
    merged = [...lines.slice(0, start), ...auto, ...stanza(addressing, kept), ...(after === "" ? [] : [after])];
  }
  const loopback = isAuto("lo") ? [] : ["auto lo", "iface lo inet loopback", "iface lo inet6 loopback", ""];
  return `${[...loopback, ...merged].join("\n").replace(/\n+$/, "")}\n`;
}

function stanza(addressing: Addressing, kept: readonly string[]): string[] {
  if (addressing.kind === "dhcp") return ["iface eth0 inet dhcp", ""];
  return [
    "iface eth0 inet static",
    `\taddress ${addressing.address}`,
    `\tgateway ${addressing.gateway}`,
    ...kept.map((line) => `\t${line.trim()}`),
    "",
  ];
}
