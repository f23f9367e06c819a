import type { Action } from "../../../engine/action.ts";
import type { Model, SecretName } from "../../../stack/model.ts";
import { secretReaders } from "../../../stack/secret-readers.ts";
import { hasMoved, isTwin } from "./place.ts";
import type { SystemFacts } from "./system-facts.ts";

/*
 * What makes this instance itself: secrets and SSH host keys. The state says which machine
 * they were made on, and where that ran. Two orders make it safe to lose power anywhere:
 *
 * - A new instance writes down its machine before it makes its first secret: where there are
 *   secrets, it is known whose they are.
 * - A copy writes down its machine after it has renewed everything: stopped before that, it
 *   renews again. What holds the values (configuration, roles, accounts) follows from facts.
 *
 * In a container of the template stack-ssh-keys.service makes a copy's host keys, before sshd
 * shows its original's; a twin has its original's machine-id, which is all that unit knows.
 */

type IdentityFacts = Pick<
  SystemFacts,
  "secrets" | "lostSecrets" | "machineId" | "knownMachineId" | "place" | "knownPlace" | "sshKeys" | "bare"
>;

const copied = "this is a copy of another instance";
const restored = "this was restored beside another instance";

/** @returns what comes before this machine's files are written, and what comes last of all */
export function planIdentity(
  facts: IdentityFacts,
  model: Model,
): { readonly first: readonly Action[]; readonly last: readonly Action[] } {
  const { machineId, place } = facts;
  const remember = (why: string): Action[] =>
    machineId === undefined ? [] : [{ do: "rememberInstance", why, args: { machineId, ...(place && { place }) } }];
  const why = whyAnother(facts);
  if (why !== undefined) {
    const keys = why === copied && facts.bare === undefined ? [] : facts.sshKeys;
    return {
      first: [
        ...model.secrets
          .filter(({ shared }) => !shared)
          .map(({ name }): Action => ({ do: "renewSecret", why, args: { name, units: secretReaders(name, model) } })),
        ...keys.map((type): Action => ({ do: "renewSshKey", why, args: { type } })),
      ],
      last: remember(why),
    };
  }
  const isNew = facts.knownMachineId === undefined && facts.secrets.length > 0;
  // On a new instance nothing has read what was not there.
  const isLost = (name: SecretName): boolean => !isNew && facts.lostSecrets.includes(name);
  return {
    first: [
      ...(isNew ? remember("a new instance") : []),
      ...facts.secrets.map(
        (name): Action => ({
          do: "makeSecret",
          why: facts.lostSecrets.includes(name) ? "not there" : "its file has another mode or owner",
          args: { name, units: isLost(name) ? secretReaders(name, model) : [] },
        }),
      ),
    ],
    last: isItself(facts) && hasMoved(facts.knownPlace, place) ? remember("it runs somewhere else now") : [],
  };
}

/** What follows a copy's renewal can be planned only once the new secrets are there. */
export function unseenOfCopy(facts: IdentityFacts): readonly string[] {
  return whyAnother(facts) !== undefined ? ["configuration, logins and restarts: they follow the new secrets"] : [];
}

/** A state without a machine, or none, makes no copy: it may have been deleted. */
function whyAnother(facts: IdentityFacts): string | undefined {
  const { machineId, knownMachineId } = facts;
  if (machineId === undefined || knownMachineId === undefined) return undefined;
  if (machineId !== knownMachineId) return copied;
  return isTwin(facts.knownPlace, facts.place) ? restored : undefined;
}

function isItself({ machineId, knownMachineId }: IdentityFacts): boolean {
  return machineId !== undefined && machineId === knownMachineId;
}
