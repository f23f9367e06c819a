import { removeGivenSecret, secretSince } from "../../engine/secrets/given-secrets.ts";
import { ExitCode } from "../../lib/error.ts";
import { findGivenSecret } from "./find-secret.ts";
import { renewReaders } from "./renew-readers.ts";
import type { SecretContext } from "./secret-context.ts";

/**
 * `stack-agent secrets unset NAME`.
 *
 * @throws StackError `no-such-secret`, `made-secret` (64), `not-audited`, `unit-failed`
 */
export async function unsetSecretCommand(name: string, { model, audit, run, write }: SecretContext): Promise<number> {
  const secret = findGivenSecret(model, name);
  const { state } = model.paths;
  await audit("unset", name);
  if ((await secretSince(state, name)) === undefined) {
    write(`${name} is not set.\n`);
    return ExitCode.healthy;
  }
  const change = (): Promise<void> => removeGivenSecret(state, name);
  const told = await renewReaders(secret, undefined, change, { run, runFolder: model.paths.run });
  write(`${name} is gone; ${told}.\n`);
  return ExitCode.healthy;
}
