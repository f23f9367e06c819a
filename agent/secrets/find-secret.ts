import { ExitCode, StackError } from "../../lib/error.ts";
import { nearest } from "../../stack/definition/nearest.ts";
import type { GivenSecret, Model, SecretName } from "../../stack/model.ts";

/** @throws StackError `no-such-secret`, `made-secret` (both exit 64) */
export function findGivenSecret({ givenSecrets, secrets }: Model, name: string): GivenSecret {
  const found = givenSecrets.find((secret) => secret.name === name);
  if (found !== undefined) return found;
  if (secrets.some((secret) => secret.name === name)) {
    throw new StackError("made-secret", `${name} is made by the stack itself`, {
      hint: `stack-agent secrets rotate ${name} gives it another value`,
      exit: ExitCode.usage,
    });
  }
  throw noSuchSecret(
    name,
    givenSecrets.map(({ name }) => name),
  );
}

/** @throws StackError `no-such-secret`, `given-secret`, `shared-secret` (all exit 64) */
export function findMadeSecret({ givenSecrets, secrets }: Model, name: string): SecretName {
  const found = secrets.find((secret) => secret.name === name);
  if (found?.shared) {
    throw new StackError(
      "shared-secret",
      `${name} is the same on every member of the cluster: no machine changes it alone`,
      {
        hint: "stack-agent secrets ls names those that are this machine's own",
        exit: ExitCode.usage,
      },
    );
  }
  if (found !== undefined) return name;
  if (givenSecrets.some((secret) => secret.name === name)) {
    throw new StackError("given-secret", `${name} is given from outside: the stack can't make one`, {
      hint: `stack-agent secrets set ${name} takes another value`,
      exit: ExitCode.usage,
    });
  }
  throw noSuchSecret(
    name,
    secrets.map(({ name }) => name),
  );
}

export function noSuchSecret(name: string, known: readonly string[]): StackError {
  const close = nearest(name, known);
  const which = known.length === 0 ? "the definition's section secrets declares none" : `there are ${known.join(", ")}`;
  return new StackError("no-such-secret", `there is no secret "${name}" to do this with`, {
    hint: close === undefined ? which : `did you mean ${close}?`,
    exit: ExitCode.usage,
  });
}
