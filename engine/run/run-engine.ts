import { isStackError, messageOf, StackError } from "../../lib/error.ts";
import { messageIds } from "../../stack/message-ids.ts";
import type { Problem, Stage, StageId } from "../stage.ts";
import type { EngineOptions, EngineTimeouts } from "./engine-options.ts";
import { disksOf, explainFullDisk } from "./explain-full-disk.ts";
import { namedLocks } from "./named-locks.ts";
import { isWaiting, preflightError, problemError } from "./preflight.ts";
import { type Progress, progressError } from "./progress.ts";
import { type EarlyFacts, runStage, type StageRun, seconds, throwIfStopped } from "./run-stage.ts";

/*
 * What holds of every run:
 *
 * 1. Facts decide. Nothing remembers that a stage or an action was done; a run after a crash
 *    at any point looks, and does what is missing.
 * 2. Nothing is touched before every stage that can be inspected was, and none had a problem.
 * 3. A stage is done when inspecting again plans nothing, nothing is unseen, and its checks
 *    have passed; not when its actions have ended. While checks fail, it is looked at again.
 * 4. A stage begins when all it needs is done. A failed stage fails those that need it, as
 *    "waiting", and no other.
 * 5. Actions of one stage run in their order; those of different stages at once, but for
 *    those with the same lock.
 * 6. Secrets' values are in `Io`, `FactReader` and executors only. Plans, logs, errors and progress
 *    hold names.
 * 7. An abort ends the run between two actions, or in one by ending its command.
 */

export const engineTimeouts: EngineTimeouts = { stage: 180_000, look: 100, patience: 10_000 };

export interface StageResult {
  readonly id: StageId;
  readonly seconds: number;
  /** Undefined when the stage is done. */
  readonly error?: StackError;
}

/**
 * Provisions: every stage to done, or to its error. Rejects only with a bug or a problem
 * found before anything was touched.
 *
 * @throws StackError `preflight` listing every problem of every stage; `aborted`
 */
export async function runEngine(options: EngineOptions, progress: Progress): Promise<readonly StageResult[]> {
  let actions = 0;
  const run: StageRun = {
    options,
    progress,
    withLock: namedLocks(),
    actionsDone: () => actions,
    countAction: () => {
      actions += 1;
    },
  };
  const early = await preflight(options, progress);
  const results = new Map<StageId, Promise<StageResult>>();
  const begin = (stage: Stage): Promise<StageResult> => {
    const known = results.get(stage.id);
    if (known !== undefined) return known;
    const needs = options.stages.filter((other) => (stage.needs as readonly StageId[]).includes(other.id));
    const result = settle(stage, needs.map(begin), run, early.get(stage.id));
    results.set(stage.id, result);
    return result;
  };
  const ended = await Promise.all(options.stages.map(begin));
  throwIfStopped(options.signal);
  return ended;
}

/** Looks at all stages at once and asks each whether it could begin. */
async function preflight(
  { stages, reader, model, signal, timeline }: EngineOptions,
  progress: Progress,
): Promise<Map<StageId, EarlyFacts>> {
  const early = new Map<StageId, EarlyFacts>();
  const look = async (stage: Stage): Promise<readonly Problem[]> => {
    let facts: unknown;
    try {
      facts = await timeline.measure({ stage: stage.id, round: 1, kind: "look" }, () =>
        stage.inspect(reader, model, signal),
      );
    } catch {
      // What it needs may not be there yet; it is inspected again, and fails by itself, in its turn.
      return [];
    }
    early.set(stage.id, { facts, actionsDone: 0 });
    return stage.preflight(facts, model);
  };
  const found = await Promise.all(stages.map(look));
  throwIfStopped(signal);
  const refused = stages.flatMap((stage, index) => {
    const error = problemError(found[index] ?? []);
    return error === undefined || isWaiting(error) ? [] : [{ stage, error }];
  });
  for (const { stage, error } of refused) {
    progress.stage(stage.id, { status: "failed", error: progressError(error) });
  }
  const error = preflightError(refused);
  if (error !== undefined) throw error;
  return early;
}

async function settle(
  stage: Stage,
  needs: readonly Promise<StageResult>[],
  run: StageRun,
  early: EarlyFacts | undefined,
): Promise<StageResult> {
  const { log, now } = run.options;
  const fields = { STACK_STAGE: stage.id, STACK_COMPONENT: stage.id };
  const missing = (await Promise.all(needs)).filter((need) => need.error !== undefined).map((need) => need.id);
  if (missing.length > 0) {
    const error = new StackError("needs-failed", `waiting: needs ${missing.join(", ")}`, {
      hint: `stack-agent provision --from ${missing[0]} once that is repaired`,
    });
    run.progress.stage(stage.id, { status: "waiting", error: progressError(error) });
    log("warning", `${stage.id}: ${error.message}`, fields);
    return { id: stage.id, seconds: 0, error };
  }
  const started = now();
  const took = (): number => Math.round(now() - started) / 1000;
  run.progress.stage(stage.id, { status: "running", error: undefined });
  log("debug", `${stage.id}: started`, { ...fields, MESSAGE_ID: messageIds.stageStarted });
  try {
    await runStage(stage, run, early);
    run.progress.stage(stage.id, { status: "done", seconds: took(), action: undefined });
    log("notice", `${stage.id}: done in ${seconds(now() - started)} s`, {
      ...fields,
      MESSAGE_ID: messageIds.stageDone,
    });
    return { id: stage.id, seconds: took() };
  } catch (thrown) {
    const { disks = () => disksOf(run.options.model) } = run.options;
    const error = stageError(stage, await explainFullDisk(thrown, disks), run.options);
    const told = { seconds: took(), action: undefined, error: progressError(error) };
    if (isWaiting(error)) {
      run.progress.stage(stage.id, { status: "waiting", ...told });
      log("notice", error.message, fields);
      return { id: stage.id, seconds: took(), error };
    }
    run.progress.stage(stage.id, { status: "failed", ...told });
    log("error", [error.message, ...error.detail.map((line) => `  ${line}`)].join("\n"), {
      ...fields,
      MESSAGE_ID: messageIds.stageFailed,
      STACK_ERROR: error.code,
    });
    return { id: stage.id, seconds: took(), error };
  }
}

/** Every error of a stage names the stage and holds no secret, not even one that a server quoted back. */
function stageError(stage: Stage, thrown: unknown, { redact }: EngineOptions): StackError {
  const known = isStackError(thrown) ? thrown : undefined;
  return new StackError(known?.code ?? "internal", redact(`${stage.id}: ${messageOf(thrown)}`), {
    hint: known?.hint ?? `journalctl -b STACK_STAGE=${stage.id}; stack-agent provision --only ${stage.id} tries again`,
    detail: (known?.detail ?? []).map(redact),
    ...(known?.cause === undefined ? {} : { cause: redact(messageOf(known.cause)) }),
    ...(known === undefined ? {} : { exit: known.exit }),
  });
}
