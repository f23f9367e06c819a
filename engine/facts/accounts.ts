import { readFile } from "node:fs/promises";
import { StackError } from "../../lib/error.ts";

export interface Accounts {
  readonly users: ReadonlyMap<string, number>;
  readonly groups: ReadonlyMap<string, number>;
}

/** Names and ids of `/etc/passwd` and `/etc/group`: a system's own users, no directory service. */
export async function readAccounts(root = "/"): Promise<Accounts> {
  const [passwd, group] = await Promise.all([
    readFile(`${root}/etc/passwd`, "utf8"),
    readFile(`${root}/etc/group`, "utf8"),
  ]);
  return { users: parseAccounts(passwd), groups: parseAccounts(group) };
}

/** `name:x:id:…` lines of passwd(5) and group(5). */
export function parseAccounts(text: string): ReadonlyMap<string, number> {
  const entries = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [name, , id] = line.split(":");
    if (name && /^\d+$/.test(id ?? "")) entries.set(name, Number(id));
  }
  return entries;
}

/**
 * uid and gid of `user:group`.
 *
 * @throws StackError `no-such-user`
 */
export function ownerIds(owner: string, accounts: Accounts): { uid: number; gid: number } {
  const [user = "", group = user] = owner.split(":");
  const uid = accounts.users.get(user);
  const gid = accounts.groups.get(group);
  if (uid !== undefined && gid !== undefined) return { uid, gid };
  throw new StackError("no-such-user", `this machine has no ${uid === undefined ? "user" : "group"} for ${owner}`, {
    hint: "stack-agent provision --only system makes the stack's users and installs its packages",
  });
}
