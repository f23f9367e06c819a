import { claims, takenClaims } from "../../stack/definition/claims.ts";
import { readDefinition } from "../../stack/definition/parse.ts";
import type { StoredLayer } from "../cache/stored-layer.ts";
import type { BuildContext } from "../context.ts";
import { accountLines, stackAccounts } from "../known/accounts.ts";
import { namesOfBase } from "../known/names-of-base.ts";
import type { BaseFacts } from "../layers/base/facts.ts";
import { ownNameFaults, ownPathFaults } from "../trees/own-faults.ts";
import { ownAccounts } from "../trees/own-files.ts";
import { invalidOverlay } from "../trees/template-trees.ts";

/**
 * Looks in the base itself for every name that the stack would give, `packages` of its own
 * included. What is known of a base beforehand has been asked already.
 *
 * @throws StackError `definition-invalid`, `overlay-invalid`, both exit 64
 */
export function refuseTaken(context: BuildContext, { members, index }: Pick<StoredLayer, "members" | "index">): void {
  const { definition, model, own } = context;
  const { users, groups } = index.facts as BaseFacts;
  // They are made with the base, so it has them too.
  const stack = stackAccounts(model);
  const made = accountLines(ownAccounts(own));
  const ourUsers = [...stack.users, ...made.filter(({ kind }) => kind === "user").map(({ name }) => name)];
  const ourGroups = [...stack.groups, ...made.map(({ name }) => name)];
  const without = (ids: Readonly<Record<string, number>>, ours: readonly string[]): string[] =>
    Object.keys(ids).filter((name) => !ours.includes(name));
  const names = namesOfBase(members, {
    users: without(users, ourUsers),
    groups: without(groups, ourGroups),
  });
  const { text, set } = definition.given ?? { text: definition.text, set: [] };
  readDefinition(text, definition.file, set, (read) => takenClaims(claims(read), names, "Debian"));
  const faults = [...ownNameFaults(own, model, names), ...ownPathFaults(own, members)];
  if (faults.length > 0) throw invalidOverlay(definition.folder, faults);
}
