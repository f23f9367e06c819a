import type { ComponentName, Model } from "../../stack/model.ts";
import type { Action } from "../action.ts";
import { ownerIds, parseAccounts } from "../facts/accounts.ts";
import type { FactReader } from "../facts/fact-reader.ts";

/** Data that has, in whole or in part, other owners than its server: it came with a volume, or by hand. */
export interface ForeignData {
  readonly path: string;
  /** The component's folder, which may be a volume; what is between the two was made for the server. */
  readonly within: string;
  /** `user:group` of the server. */
  readonly owner: string;
}

/**
 * Which of a component's data folders hold something that is not its server's. A file of root's
 * in the server's own group is no stranger: a TLS key, say, which only root may change.
 */
export async function foreignData(
  reader: Pick<FactReader, "run" | "readText" | "exists">,
  model: Model,
  component: ComponentName,
): Promise<readonly ForeignData[]> {
  const data = model.data.find((folder) => folder.component === component);
  if (data === undefined) return [];
  const there = await Promise.all(data.holds.map(async (path) => ((await reader.exists(path)) ? [path] : [])));
  const paths = there.flat();
  const ids = await idsOf(reader, data.owner);
  if (paths.length === 0 || ids === undefined) return [];
  const { uid, gid } = ids;
  const foreign = ["(", "!", "-uid", `${uid}`, "-o", "!", "-gid", `${gid}`, ")"];
  const roots = ["!", "(", "-type", "f", "-uid", "0", "-gid", `${gid}`, ")"];
  // What a server removes meanwhile makes find end with 1.
  const { stdout } = await reader.run("find", [...paths, ...foreign, ...roots, "-printf", "%H\\n", "-prune"], {
    accept: [0, 1],
  });
  const found = new Set(stdout.split("\n"));
  return paths.filter((path) => found.has(path)).map((path) => ({ path, within: data.path, owner: data.owner }));
}

/** Comes before whatever starts the server: it refuses, or reads half of its data. */
export function planOwners(foreign: readonly ForeignData[]): Action[] {
  return foreign.map((args) => ({ do: "ownData", why: "holds what belongs to other accounts", args }));
}

/** Undefined as long as the package is not there. */
async function idsOf(reader: Pick<FactReader, "readText">, owner: string) {
  const [passwd, group] = await Promise.all([reader.readText("/etc/passwd"), reader.readText("/etc/group")]);
  const accounts = { users: parseAccounts(passwd ?? ""), groups: parseAccounts(group ?? "") };
  const [user = "", ofGroup = user] = owner.split(":");
  return accounts.users.has(user) && accounts.groups.has(ofGroup) ? ownerIds(owner, accounts) : undefined;
}
