const BEGIN = "# --- BEGIN PVE ---";
const END = "# --- END PVE ---";

/**
 * A file's text with Proxmox's own section in it: an earlier section is replaced where it
 * stands, otherwise the new one goes to the end (PVE::LXC::Setup::Base).
 */
export function withPveSection(old: string | undefined, body: string): string {
  const section = `${BEGIN}\n${body.replace(/\n?$/, "\n")}${END}\n`;
  if (old === undefined) return section;
  const lines = old.split("\n");
  const begin = lines.indexOf(BEGIN);
  const end = begin < 0 ? -1 : lines.indexOf(END, begin);
  if (end < 0) return `${old.replace(/\n*$/, "\n")}${section}`;
  return [...lines.slice(0, begin), section.trimEnd(), ...lines.slice(end + 1)].join("\n");
}

/** The text outside Proxmox's section. */
export function withoutPveSection(text: string): string {
  const lines = text.split("\n");
  const begin = lines.indexOf(BEGIN);
  const end = begin < 0 ? -1 : lines.indexOf(END, begin);
  return end < 0 ? text : [...lines.slice(0, begin), ...lines.slice(end + 1)].join("\n");
}
