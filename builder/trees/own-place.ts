import type { Model } from "../../stack/model.ts";
import type { TreeFile } from "./template-trees.ts";

/** Where a file goes (nowhere: it is only included by others), or why it can't go anywhere. */
export type Place = { readonly path: string | undefined } | { readonly fault: string };

export const unitFolder = "/etc/systemd/system";
const unitTypes = "service|socket|timer|path|target|slice|mount|automount|swap";
const unitName = new RegExp(`^[\\w:.@\\\\-]+\\.(${unitTypes})$`);
const dropIn = new RegExp(`^[\\w:.@\\\\-]+\\.(${unitTypes})\\.d/[^/]+\\.conf$`);
const want = new RegExp(`^[\\w:.@\\\\-]+\\.(${unitTypes})\\.(wants|requires)/[^/]+$`);

/** The place in the container of a user's file that replaces none of our templates. */
export function ownPlace(file: TreeFile, ours: readonly string[], model: Model): Place {
  const sibling = [`${file.path}.ejs`, file.path.replace(/\.ejs$/, "")].find((path) => ours.includes(path));
  if (sibling !== undefined) return { fault: `the stack's own template is ${sibling}: name it so to replace that` };
  const [tree = "", ...rest] = file.path.split("/");
  const name = rest.join("/").replace(/\.ejs$/, "");
  if (tree === "rootfs-overlay") return { path: `/${name}` };
  if (name.startsWith("parts/")) return { path: undefined };
  return unitPlace(file, name, model);
}

function unitPlace(file: TreeFile, name: string, model: Model): Place {
  const path = `${unitFolder}/${name}`;
  if (unitName.test(name)) {
    const spec = model.units.find(({ unit }) => unit === name);
    if (spec !== undefined && spec.want !== "enabled") return { fault: `the stack keeps ${name} ${spec.want}` };
    if (file.kind === "file") return { path };
    if (file.target !== "/dev/null" && !unitName.test(file.target)) {
      return { fault: `a link among units points to another unit's name, or to /dev/null; not to ${file.target}` };
    }
    return spec === undefined ? { path } : { fault: `the stack needs ${name}: it can't be a link to ${file.target}` };
  }
  if (dropIn.test(name) || (want.test(name) && file.kind === "symlink")) return { path };
  return {
    fault:
      "is no unit (NAME.service, .socket, .timer, .path, .target …), no drop-in (NAME.service.d/NAME.conf), and not below parts/",
  };
}
