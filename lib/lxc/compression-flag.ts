import { basename } from "node:path";
import { StackError } from "../error.ts";

/** pct's map of suffix to GNU tar's flag (PVE::LXC::Create); plain .tar is PVE 9's only. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  ".tar.gz": ["-z"],
  ".tar.xz": ["-J"],
  ".tar.zst": ["--zstd"],
  ".tar.bz2": ["-j"],
  ".tar": [],
};

/**
 * The decompression flag that pct gives tar for a template file.
 *
 * @throws StackError `template-name` with Proxmox's own words for a name it refuses (.tgz among them).
 */
export function compressionFlag(template: string): readonly string[] {
  const name = basename(template);
  const suffix = Object.keys(FLAGS).find((end) => name.endsWith(end) && name.length > end.length);
  const flags = suffix === undefined ? undefined : FLAGS[suffix];
  if (flags === undefined) {
    throw new StackError("template-name", `unable to parse directory volume name 'vztmpl/${name}'`, {
      hint: `rename it: Proxmox takes ${Object.keys(FLAGS).join(", ")} (.tgz is refused)`,
    });
  }
  return flags;
}
