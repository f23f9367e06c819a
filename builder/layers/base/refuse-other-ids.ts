import { StackError } from "../../../lib/error.ts";
import type { BaseFacts } from "./facts.ts";
import type { AccountLines } from "./packaged-accounts.ts";

/**
 * systemd-sysusers takes another number, without a word, where one is taken; a volume made by
 * another template would then have a stranger as its owner.
 *
 * @param sysusers lines of sysusers.d(5)
 * @throws StackError `account-id-taken`
 */
export function refuseOtherIds(
  { users, groups }: Pick<BaseFacts, "users" | "groups">,
  { passwd, group }: AccountLines,
  sysusers: string,
): void {
  const wrong = [
    ...others("user", users, [...passwd.matchAll(/^([^:]+):[^:]*:(\d+):/gm), ...numbered("u", sysusers)]),
    ...others("group", groups, [...group.matchAll(/^([^:]+):[^:]*:(\d+):/gm), ...numbered("g", sysusers)]),
  ];
  if (wrong.length === 0) return;
  throw new StackError("account-id-taken", "an account of the template has not got its number", {
    detail: wrong,
    hint: "numbers from 300 to 899 are the stack's: give your own accounts others, or `-` for any that is free",
  });
}

function numbered(kind: "u" | "g", sysusers: string): Iterable<RegExpMatchArray> {
  return sysusers.matchAll(new RegExp(`^${kind}\\s+(\\S+)\\s+(\\d+)`, "gm"));
}

function others(what: string, ids: Readonly<Record<string, number>>, wanted: readonly RegExpMatchArray[]): string[] {
  return wanted.flatMap(([, name = "", id]) =>
    ids[name] === Number(id) ? [] : [`${what} ${name}: ${ids[name] ?? "none"}, not ${id}`],
  );
}
