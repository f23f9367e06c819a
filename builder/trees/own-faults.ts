import type { Model } from "../../stack/model.ts";
import { TypeFlag } from "../archive/header.ts";
import type { Member } from "../archive/scan.ts";
import { accountLines, stackAccounts } from "../known/accounts.ts";
import { type Names, pathOf } from "../known/names-of-base.ts";
import type { OwnEntry } from "./own-entry.ts";
import { unitFolder } from "./own-place.ts";

/** What of a user's own trees has the name of a unit of Debian's, or of an account of Debian's or the stack's. */
export function ownNameFaults(own: readonly OwnEntry[], model: Model, names: Names): string[] {
  return own.flatMap((entry) => [...unitFault(entry, names), ...accountFaults(entry, model, names)]);
}

/** A link to /dev/null masks Debian's, and a drop-in changes it: both mean the one that is there. */
function unitFault({ path, content }: OwnEntry, names: Names): string[] {
  const unit = path.startsWith(`${unitFolder}/`) ? path.slice(unitFolder.length + 1) : "";
  const masks = content.kind === "symlink" && content.target === "/dev/null";
  if (masks || !names.has(`unit ${unit}`)) return [];
  return [`${path}: Debian has ${unit} already; name yours otherwise, or change Debian's by units/${unit}.d/NAME.conf`];
}

function accountFaults({ path, content }: OwnEntry, model: Model, names: Names): string[] {
  if (content.kind !== "text" || !/\/sysusers\.d\/[^/]+\.conf$/.test(path)) return [];
  const ours = new Set(stackAccounts(model).groups);
  return accountLines(content.text).flatMap(({ kind, name: account }) => {
    const whose = ours.has(account) ? "the stack" : names.has(`${kind} ${account}`) ? "Debian" : undefined;
    return whose === undefined ? [] : [`${path}: ${whose} has the ${kind} ${account} already; name yours otherwise`];
  });
}

/**
 * Which of a user's own files would take the place of what a base has. In /etc a file may: it is
 * where an administrator writes.
 */
export function ownPathFaults(own: readonly OwnEntry[], base: readonly Pick<Member, "name" | "type">[]): string[] {
  const types = new Map(base.map((member) => [pathOf(member), member.type]));
  return own.flatMap(({ path }) => {
    const type = types.get(path);
    if (type === TypeFlag.directory) return [`${path}: is a folder of Debian's`];
    if (type !== undefined && !path.startsWith("/etc/")) return [`${path}: Debian has it already`];
    const parts = path.split("/").slice(1, -1);
    const parents = parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
    const file = parents.find((parent) => types.has(parent) && types.get(parent) !== TypeFlag.directory);
    return file === undefined ? [] : [`${path}: lies below ${file}, which is no folder of Debian's`];
  });
}
