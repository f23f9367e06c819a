import { readGivenSecret } from "../../engine/secrets/given-secrets.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import { noSuchSecret } from "./find-secret.ts";
import type { SecretContext } from "./secret-context.ts";

/**
 * `stack-agent secrets show NAME`: the value and a line end.
 *
 * @throws StackError `no-such-secret` (64), `not-audited`, `secret-missing`
 */
export async function showSecretCommand(
  name: string,
  { model, audit, write }: Pick<SecretContext, "model" | "audit" | "write">,
): Promise<number> {
  const known = [...model.givenSecrets, ...model.secrets].map((secret) => secret.name);
  if (!known.includes(name)) throw noSuchSecret(name, known);
  await audit("show", name);
  const value = await readGivenSecret(model.paths.state, name);
  if (value === undefined) {
    const isGiven = model.givenSecrets.some((secret) => secret.name === name);
    throw new StackError("secret-missing", `the secret ${name} is not there`, {
      hint: isGiven ? `stack-agent secrets set ${name}` : "stack-agent provision --only system makes what is missing",
    });
  }
  write(`${value.toString().replace(/\n$/, "")}\n`);
  return ExitCode.healthy;
}
