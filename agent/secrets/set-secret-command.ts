import { givenValue, readGivenSecret, writeGivenSecret } from "../../engine/secrets/given-secrets.ts";
import { ExitCode } from "../../lib/error.ts";
import { findGivenSecret } from "./find-secret.ts";
import { renewReaders } from "./renew-readers.ts";
import type { SecretContext } from "./secret-context.ts";

/**
 * `stack-agent secrets set NAME`: the value from standard input. The same value again changes nothing.
 *
 * @param read the value as it comes, asked for once the name is known to be right
 * @throws StackError `no-such-secret`, `made-secret` (64), `secret-invalid`, `not-audited`, `unit-failed`, `aborted`
 */
export async function setSecretCommand(
  name: string,
  { model, audit, run, write }: SecretContext,
  read: () => Promise<Buffer>,
): Promise<number> {
  const secret = findGivenSecret(model, name);
  const { state } = model.paths;
  const value = givenValue(name, await read());
  await audit("set", name);
  const before = await readGivenSecret(state, name);
  if (before?.equals(value)) {
    write(`${name} has this value already.\n`);
    return ExitCode.healthy;
  }
  const change = (): Promise<void> => writeGivenSecret(state, secret, value);
  const told = await renewReaders(secret, value, change, { run, runFolder: model.paths.run });
  write(`${name} is set; ${told}.\n`);
  return ExitCode.healthy;
}
