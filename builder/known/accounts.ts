import type { Model } from "../../stack/model.ts";

/** Names of the users and groups that the stack makes; a user's group is called as it is. */
export function stackAccounts({ users }: Pick<Model, "users">): {
  readonly users: string[];
  readonly groups: string[];
} {
  const names = users.map(({ name }) => name);
  return { users: names, groups: [...names, ...users.flatMap(({ groups }) => groups.map((group) => group.name))] };
}

/** A user, whose group is called the same, or a group that is made. */
export interface AccountLine {
  readonly kind: "user" | "group";
  readonly name: string;
}

/** The lines of a sysusers.d(5) file that make an account. */
export function accountLines(text: string): AccountLine[] {
  return [...text.matchAll(/^\s*([ug])!?\s+"?([^\s"]+)/gm)].map(([, letter, name = ""]) => ({
    kind: letter === "u" ? "user" : "group",
    name,
  }));
}
