import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, StackError } from "../../lib/error.ts";
import type { Check, CheckContext, OpenCheck, Outcome } from "../checks/check.ts";

export interface AwaitChecksOptions {
  readonly context: CheckContext;
  readonly signal: AbortSignal;
  /** Milliseconds until a check that still fails is an error. */
  readonly timeout: number;
  /** Milliseconds one look may take. */
  readonly lookTimeout?: number;
  /** Milliseconds between two looks. */
  readonly interval?: number;
}

/**
 * Waits until every check has passed once; a warning is a pass.
 *
 * @throws StackError `check-failed` with the last outcome, `aborted`
 */
export async function awaitChecks(checks: readonly Check[], options: AwaitChecksOptions): Promise<void> {
  await Promise.all(checks.map((check) => awaitCheck(check, options)));
}

async function awaitCheck(check: Check, options: AwaitChecksOptions): Promise<void> {
  const deadline = AbortSignal.timeout(options.timeout);
  const ended = AbortSignal.any([options.signal, deadline]);
  const open = check.open(options.context);
  let last = "it never answered";
  try {
    for (;;) {
      const outcome = await look(open, AbortSignal.any([ended, AbortSignal.timeout(options.lookTimeout ?? 5_000)]));
      if (outcome.status !== "fail") return;
      // Nobody makes room while it is waited for.
      const hopeless = outcome.code === "disk-alarm";
      last = [outcome.code, outcome.message].filter((part) => part !== undefined).join(": ");
      if (!hopeless) await sleep(options.interval ?? 100, undefined, { signal: ended }).catch(() => {});
      if (options.signal.aborted) throw aborted(options.signal);
      if (deadline.aborted || hopeless) {
        throw new StackError(
          "check-failed",
          hopeless
            ? `${check.name} did not pass (${last})`
            : `${check.name} did not pass within ${options.timeout / 1000} s (${last})`,
          {
            hint: `stack-agent health ${check.component}; journalctl -b -u '*${check.component}*'`,
          },
        );
      }
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
