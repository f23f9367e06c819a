import { loadStages } from "../../components/agent.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import type { ProgressDocument } from "../../stack/documents/progress.ts";
import type { SecretName } from "../../stack/model.ts";
import { thisMachine } from "../machine/this-machine.ts";
import { provision } from "../provision/provision.ts";
import { summary } from "../provision/provision-command.ts";
import { presentStages } from "../stages/choose-stages.ts";
import { findMadeSecret } from "./find-secret.ts";
import type { SecretContext } from "./secret-context.ts";

export interface RotateOptions {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly log: Log;
}

/**
 * `stack-agent secrets rotate NAME…`: makes other values and provisions. The values come first, each
 * whole or not at all; servers, configuration and services follow from what is there. So a run that is
 * cut off anywhere is carried on by the next provision, and no secret is ever two.
 *
 * @returns 0 done; 1 a stage failed: `provision` goes on
 * @throws StackError `no-such-secret`, `given-secret`, `usage` (64), `not-audited`, `already-running`,
 *   `preflight`, `aborted`
 */
export async function rotateSecretsCommand(
  asked: readonly string[],
  { all = false, json = false, log }: RotateOptions,
  { model, audit, run, signal, write }: SecretContext,
): Promise<number> {
  if (all === asked.length > 0) {
    throw new StackError("usage", "either name the secrets to rotate, or say --all", {
      hint: "stack-agent secrets ls lists them; those that are made can be rotated",
      exit: ExitCode.usage,
    });
  }
  const names = all
    ? model.secrets.flatMap(({ name, shared }) => (shared ? [] : [name]))
    : asked.map((name) => findMadeSecret(model, name));
  const stages = presentStages(await loadStages(), model);
  const machine = await thisMachine({ model, stages, run, log, signal });
  const restarting = names.filter((name) => model.secrets.some((secret) => secret.name === name && secret.restarts));
  const gentle = names.filter((name) => !restarting.includes(name));
  // Services, and the agent for its logins, have what is right again before one restarts for its own.
  const rotated: SecretName[] = [];
  let document: ProgressDocument | undefined;
  for (const some of [gentle, restarting].filter(({ length }) => length > 0)) {
    if (document !== undefined && document.state !== "done") break;
    const begins = async (): Promise<void> => {
      for (const name of some) await audit("rotate", name);
    };
    document = await provision(machine, stages, { names: some, begins });
    rotated.push(...some);
  }
  const isDone = document?.state === "done";
  if (json) write(`${JSON.stringify({ schemaVersion: 1, rotated, state: document?.state })}\n`);
  else if (document !== undefined) {
    const what = isDone ? "Rotated" : "New, and not yet everywhere";
    write(`${what}: ${rotated.join(", ")}.\n${summary(document, stages)}`);
  }
  return isDone ? ExitCode.healthy : ExitCode.failed;
}
