import { loadStages } from "../../components/agent.ts";
import { planReset, runReset } from "../../engine/run/reset.ts";
import { takeLock } from "../../engine/run/take-lock.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import { exists } from "../../lib/files.ts";
import type { Log } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";
import type { ResetDocument } from "../../stack/documents/reset.ts";
import { requireRoot } from "../cli/require-root.ts";
import { thisMachine } from "../machine/this-machine.ts";
import { loadModel } from "../model/load-model.ts";
import { printPlan } from "../provision/print-plan.ts";
import { chooseStages } from "../stages/choose-stages.ts";

export interface ResetCommandOptions {
  readonly plan?: boolean;
  readonly json?: boolean;
  readonly only?: string;
  readonly withData?: boolean;
  readonly force?: boolean;
  readonly yes?: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Standard output. */
  readonly write: (text: string) => void;
  /** Asks whoever sits there; undefined where nobody does. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** Of this process; undefined where the system has none. */
  readonly userId: number | undefined;
}

/**
 * `stack-agent reset`.
 *
 * @returns 0 taken back, or planned
 * @throws StackError usage (64), `not-root`, `already-running`, `not-confirmed`, `reset-incomplete`, `aborted`
 */
export async function resetCommand(options: ResetCommandOptions): Promise<number> {
  requireRoot("reset", options.userId);
  const model = await loadModel();
  if (options.only === "system") {
    throw new StackError("usage", "every other stage stands on system: it can't be taken back alone", {
      hint: "stack-agent reset takes all stages back",
      exit: ExitCode.usage,
    });
  }
  const chosen = chooseStages(await loadStages(), model, options.only === undefined ? {} : { only: options.only });
  const machine = await thisMachine({ model, stages: chosen, run, log: options.log, signal: options.signal });
  const wish = {
    data: options.withData === true,
    force: options.force === true,
    baked: await exists(`${model.paths.share}/manifest.json`),
  };
  const print = (document: ResetDocument, text: string): void =>
    options.write(options.json ? `${JSON.stringify(document)}\n` : text);
  if (options.plan) {
    const plan = await planReset(machine, wish);
    print(plan, [printPlan({ ...plan, unseen: [] }), ...keptLines(plan)].join(""));
    return ExitCode.healthy;
  }
  if (options.yes !== true) await confirm(model.name, wish.data, options.ask);
  const lock = await takeLock(model.paths.run, machine.io.run);
  try {
    const done = await runReset(machine, wish);
    print(done, [`Taken back, ${done.actions.length} actions.\n`, ...keptLines(done)].join(""));
    return ExitCode.healthy;
  } finally {
    await lock.close();
  }
}

function keptLines({ kept }: ResetDocument): string[] {
  return kept.length === 0 ? [] : ["\nStays:\n", ...kept.map((line) => `  ${line}\n`)];
}

async function confirm(name: string, data: boolean, ask: ResetCommandOptions["ask"]): Promise<void> {
  if (ask === undefined) {
    throw new StackError("not-confirmed", "there is nobody to ask whether the stack is to be taken back", {
      hint: "stack-agent reset --yes; --plan shows what it would do",
      exit: ExitCode.usage,
    });
  }
  const what = data ? `the stack ${name} and all its data` : `the stack ${name}; its data stays`;
  const answer = await ask(`This takes back ${what}. Type ${name} to go on: `);
  if (answer.trim() === name) return;
  throw new StackError("not-confirmed", "not confirmed; nothing was changed", { hint: "stack-agent reset --plan" });
}
