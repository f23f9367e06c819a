import { setTimeout as sleep } from "node:timers/promises";
import { isStackError, messageOf, StackError } from "../../lib/error.ts";
import type { Action, ActionName, Executors } from "../action.ts";
import type { FailingServer, Stage } from "../stage.ts";
import { awaitChecks } from "./await-checks.ts";
import { describeFailing } from "./describe-failing.ts";
import type { EngineOptions } from "./engine-options.ts";
import type { WithLock } from "./named-locks.ts";
import { problemError } from "./preflight.ts";
import type { Progress } from "./progress.ts";

/** Plans with something to do that a stage may have, one after the other. */
const ROUNDS = 3;

export interface StageRun {
  readonly options: EngineOptions;
  readonly progress: Progress;
  readonly withLock: WithLock;
  /** Actions carried out by all stages so far: facts older than the last one are looked up again. */
  readonly actionsDone: () => number;
  readonly countAction: () => void;
}

/** Facts of an earlier look, and how many actions had been done when it began. */
export interface EarlyFacts {
  readonly facts: unknown;
  readonly actionsDone: number;
}

/**
 * Brings one stage to done: inspect, plan, apply until inspecting again plans nothing and
 * leaves nothing unseen, then its checks. While these fail, it looks again from time to time:
 * what was as it should be may have broken since.
 *
 * @throws StackError of the action that failed; `not-converging`, `unseen`, `check-failed`, `aborted`
 */
export async function runStage(stage: Stage, run: StageRun, early?: EarlyFacts): Promise<void> {
  const { reader, model, signal, timeline, timeouts, checks: context } = run.options;
  const deadline = AbortSignal.timeout(timeouts.stage);
  let facts = early !== undefined && early.actionsDone === run.actionsDone() ? early.facts : undefined;
  let done = 0;
  let round = 0;
  let checking: number | undefined;
  let failingSince: number | undefined;
  for (;;) {
    throwIfStopped(signal);
    facts ??= await timeline.measure({ stage: stage.id, round: round + 1, kind: "look" }, () =>
      stage.inspect(reader, model, signal),
    );
    // Again: a server that was down when all stages were asked may show one only now.
    const problem = problemError(stage.preflight(facts, model));
    if (problem !== undefined) throw problem;
    const plan = stage.plan(facts, model);
    facts = undefined;
    const failing = plan.failing ?? [];
    failingSince = failing.length > 0 && plan.actions.length === 0 ? (failingSince ?? performance.now()) : undefined;
    // What it lacks may come: a disk that is mounted late, a port that is freed.
    if (failingSince !== undefined && performance.now() - failingSince > timeouts.patience)
      throw serverFailing(failing);
    if (plan.actions.length > 0) {
      if (round === ROUNDS) throw notConverging(plan.actions, run.options.executors);
      round += 1;
      done = await apply(stage, plan.actions, round, done, run);
    } else if (plan.unseen.length > 0) {
      // A server that systemd is still starting: there is nothing to do but to look again.
      run.progress.stage(stage.id, { action: "waiting to see more" });
      if (deadline.aborted) throw stillUnseen(plan.unseen, timeouts.stage);
      await timeline.measure(
        { stage: stage.id, round: round + 1, kind: "wait", what: plan.unseen.join("; ") },
        async () => {
          if (await run.options.opening?.(stage.id)) return;
          await sleep(timeouts.look, undefined, { signal }).catch(() => {});
        },
      );
    } else {
      const checks = stage.checks(model);
      if (checks.length === 0) return;
      const what = checks.map((check) => check.name).join(", ");
      run.progress.stage(stage.id, { action: `checking ${what}` });
      checking ??= performance.now();
      const wait = { context, signal, timeout: timeouts.stage, since: checking, patience: timeouts.patience };
      const passed = await timeline.measure({ stage: stage.id, round: round + 1, kind: "check", what }, () =>
        awaitChecks(checks, wait),
      );
      if (passed) return;
    }
  }
}

/** @returns how many actions the stage has done, these included */
async function apply(
  stage: Stage,
  actions: readonly Action[],
  round: number,
  before: number,
  run: StageRun,
): Promise<number> {
  const { executors, signal } = run.options;
  let done = before;
  for (const step of steps(actions, executors)) {
    throwIfStopped(signal);
    run.progress.stage(stage.id, { action: step.map((action) => describeAction(action, executors)).join("; ") });
    await settleAll(step.map((action) => applyAction(stage, action, round, run)));
    done += step.length;
    run.progress.stage(stage.id, { actions: done, action: undefined });
  }
  return done;
}

/** Actions one after the other; neighbours of a kind that may run at once make one step. */
function steps(actions: readonly Action[], executors: Executors): Action[][] {
  const made: Action[][] = [];
  for (const action of actions) {
    const last = made.at(-1);
    if (last?.[0]?.do === action.do && executors[action.do].together) last.push(action);
    else made.push([action]);
  }
  return made;
}

/** Waits for all, also when one fails, and throws the first failure: nothing is at work behind an error. */
async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === "rejected") throw result.reason;
}

/** An action as one line, no secret. */
export function describeAction(action: Action, executors: Executors): string {
  return `${action.do} ${executorOf(action.do, executors).describe(action.args)}`.trimEnd();
}

async function applyAction(stage: Stage, action: Action, round: number, run: StageRun): Promise<void> {
  const { executors, io, log, now, timeline } = run.options;
  const executor = executorOf(action.do, executors);
  const what = describeAction(action, executors);
  const named = { do: action.do, what: executor.describe(action.args), why: action.why };
  const fields = { STACK_STAGE: stage.id, STACK_COMPONENT: stage.id };
  const telling = { ...io, tell: (text: string) => run.progress.stage(stage.id, { action: text }) };
  const started = now();
  try {
    await run.withLock(executor.lock, () =>
      timeline.measure({ stage: stage.id, round, kind: "action", ...named }, () =>
        executor.apply(action.args, telling),
      ),
    );
  } catch (error) {
    throw actionError(what, error);
  }
  run.countAction();
  log("info", `${stage.id}: ${what} (${action.why}), ${seconds(now() - started)} s`, fields);
}

/** The pairing of an action with its own executor, which Executors promises and TypeScript can't follow. */
function executorOf(name: ActionName, executors: Executors) {
  return executors[name] as {
    readonly lock?: string;
    readonly describe: (args: Action["args"]) => string;
    readonly apply: (args: Action["args"], io: EngineOptions["io"]) => Promise<void>;
  };
}

/** Names the action; the engine adds the stage, and takes out secrets that a server quoted back. */
export function actionError(what: string, error: unknown): StackError {
  const known = isStackError(error) ? error : undefined;
  return new StackError(known?.code ?? "action-failed", `${what}: ${messageOf(error)}`, {
    hint: known?.hint,
    detail: known?.detail ?? [],
    cause: known?.cause,
    ...(known === undefined ? {} : { exit: known.exit }),
  });
}

function notConverging(actions: readonly Action[], executors: Executors): StackError {
  return new StackError("not-converging", `after ${ROUNDS} rounds there is still something to do`, {
    detail: actions.map((action) => `${describeAction(action, executors)}: ${action.why}`),
    hint: "something else changes the same files or units, or an action has no effect on this machine",
  });
}

function stillUnseen(unseen: readonly string[], timeout: number): StackError {
  return new StackError("unseen", `after ${timeout / 1000} s it still can't be seen whether all is done`, {
    detail: unseen,
    hint: "systemctl list-jobs shows what is still starting; systemctl --failed what is not",
  });
}

function serverFailing(failing: readonly FailingServer[]): StackError {
  return new StackError("server-failing", failing.map(describeFailing).join("; "), {
    hint: [...new Set(failing.map(({ help }) => help))].join("; "),
  });
}

export function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new StackError("aborted", "provisioning was stopped", { cause: signal.reason, exit: 130 });
  }
}

export function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(milliseconds < 1000 ? 3 : 1);
}
