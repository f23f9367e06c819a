import type { Model, SecretName } from "../../../stack/model.ts";
import type { Action } from "../../engine/action.ts";
import type { SystemFacts } from "./stage.ts";

/*
 * What makes this instance itself: secrets and SSH host keys. The state says which machine
 * they were made on. Two orders make it safe to lose power anywhere:
 *
 * - A new instance writes down its machine before it makes its first secret: where there are
 *   secrets, it is known whose they are.
 * - A copy writes down its machine after it has renewed everything: stopped before that, it
 *   renews again. What holds the values (configuration, roles, accounts) follows from facts.
 */

type IdentityFacts = Pick<SystemFacts, "secrets" | "lostSecrets" | "machineId" | "knownMachineId" | "sshKeys">;

const agentUnit = "stack-agent.service";
const copied = "this is a copy of another instance";

/** @returns what comes before this machine's files are written, and what comes last of all */
export function planIdentity(
  facts: IdentityFacts,
  model: Model,
): { readonly first: readonly Action[]; readonly last: readonly Action[] } {
  const remember = (why: string): Action[] =>
    facts.machineId === undefined ? [] : [{ do: "rememberInstance", why, args: { machineId: facts.machineId } }];
  if (isCopy(facts)) {
    return {
      first: [
        ...model.secrets.map(
          ({ name }): Action => ({ do: "renewSecret", why: copied, args: { name, units: readersOf(name, model) } }),
        ),
        ...facts.sshKeys.map((type): Action => ({ do: "renewSshKey", why: copied, args: { type } })),
      ],
      last: remember(copied),
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
          args: { name, units: isLost(name) ? readersOf(name, model) : [] },
        }),
      ),
    ],
    last: [],
  };
}

/** What follows a copy's renewal can be planned only once the new secrets are there. */
export function unseenOfCopy(facts: IdentityFacts): readonly string[] {
  return isCopy(facts) ? ["configuration, logins and restarts: they follow the new secrets"] : [];
}

/** A state without a machine, or none, makes no copy: it may have been deleted. */
function isCopy({ machineId, knownMachineId }: IdentityFacts): boolean {
  return machineId !== undefined && knownMachineId !== undefined && machineId !== knownMachineId;
}

/** Units that read the secret itself at their start; servers have it from their configuration. */
function readersOf(name: SecretName, model: Model): string[] {
  const agent = model.secrets.some((secret) => secret.name === name && secret.reader === "agent") ? [agentUnit] : [];
  const services = model.services.filter(({ credentials }) => credentials.some(({ secret }) => secret === name));
  return [...agent, ...services.map(({ unit }) => unit)];
}
