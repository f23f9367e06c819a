import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, StackError } from "../../lib/error.ts";
import type { Check, CheckContext, OpenCheck, Outcome } from "../check.ts";

export interface AwaitChecksOptions {
  readonly context: CheckContext;
  readonly signal: AbortSignal;
  /** Milliseconds until a check that still fails is an error; they begin with `since`. */
  readonly timeout: number;
  /** performance.now() when these checks were first waited for. */
  readonly since: number;
  /** Milliseconds until the caller is told that not all have passed. */
  readonly patience: number;
  /** Milliseconds one look may take. */
  readonly lookTimeout?: number;
  /** Milliseconds between two looks. */
  readonly interval?: number;
}

/**
 * Waits until every check has passed once; a warning is a pass.
 *
 * @returns whether all have, or `patience` was over before
 * @throws StackError `check-failed` with the last outcome, `aborted`
 */
export async function awaitChecks(checks: readonly Check[], options: AwaitChecksOptions): Promise<boolean> {
  const passed = await Promise.all(checks.map((check) => awaitCheck(check, options)));
  return passed.every((one) => one);
}

async function awaitCheck(check: Check, options: AwaitChecksOptions): Promise<boolean> {
  const deadline = AbortSignal.timeout(Math.max(0, Math.ceil(options.since + options.timeout - performance.now())));
  const patience = AbortSignal.timeout(options.patience);
  const ended = AbortSignal.any([options.signal, deadline, patience]);
  const open = check.open(options.context);
  let last = "it never answered";
  try {
    for (;;) {
      const outcome = await look(open, AbortSignal.any([ended, AbortSignal.timeout(options.lookTimeout ?? 5_000)]));
      if (outcome.status !== "fail") return true;
      const hopeless = outcome.hopeless === true;
      last = [outcome.code, outcome.message].filter((part) => part !== undefined).join(": ");
      if (!hopeless) await sleep(options.interval ?? 100, undefined, { signal: ended }).catch(() => {});
      if (options.signal.aborted) throw aborted(options.signal);
      if (deadline.aborted || hopeless) {
        const within = hopeless ? "" : ` within ${options.timeout / 1000} s`;
        throw new StackError("check-failed", `${check.name} did not pass${within} (${last})`, {
          hint: `stack-agent health ${check.component}; journalctl -b -u '*${check.component}*'`,
        });
      }
      if (patience.aborted) return false;
    }
  } finally {
    await open.close();
  }
}

async function look(check: OpenCheck, signal: AbortSignal): Promise<Outcome> {
  try {
    return await check.run(signal);
  } catch (error) {
    return { status: "fail", code: "error", message: messageOf(error) };
  }
}

function aborted(signal: AbortSignal): StackError {
  return new StackError("aborted", "provisioning was stopped", { cause: signal.reason, exit: 130 });
}
