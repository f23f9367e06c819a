import type { Check, CheckContext, OpenCheck, Outcome } from "../../engine/check.ts";
import { failedLook } from "../../engine/failed-look.ts";
import type { Clock } from "../../lib/clock.ts";
import { messageOf, StackError } from "../../lib/error.ts";
import { within } from "../../lib/within.ts";
import type { Observation } from "../../stack/components/check-spec.ts";
import type { MetricSpec } from "../../stack/components/metric-spec.ts";

/**
 * Invariants: a check never runs twice at once; every look is cancelled at its timeout and
 * on stop; no look can stop or delay the look of another check; results only get newer.
 */
export interface Scheduler {
  /** The last result of each check, in the checks' order. */
  results(): readonly CheckResult[];
  /** False when a check ignores its cancellation for so long that only a restart helps. */
  moving(): boolean;
  /** Looks at once at what does not pass, e.g. because provisioning has just ended. */
  hurry(): void;
  /** Cancels what runs, closes every client. Takes half a second at most. */
  stop(): Promise<void>;
}

export interface CheckResult {
  readonly check: string;
  readonly component: string;
  readonly observes?: Observation;
  readonly metrics?: readonly MetricSpec[];
  readonly outcome: Outcome;
  readonly latencyMs: number;
  /** When it ended, by the clock that never jumps. */
  readonly at: number;
  /** ISO 8601. */
  readonly time: string;
}

export interface SchedulerOptions {
  readonly checks: readonly Check[];
  readonly context: CheckContext;
  readonly clock: Clock;
  /** After each look that changed a check's status. Not called for the first look unless it passes. */
  readonly onChange?: (result: CheckResult, before: CheckResult) => void;
  readonly timing?: Partial<Timing>;
  /** While it says so nothing is looked at as often as a start would have it: there is another at work. */
  readonly patient?: () => boolean;
}

/** Milliseconds. */
export interface Timing {
  /** From the start of a look to the start of the next, while all is well. */
  readonly interval: number;
  /** The same, while the check does not pass. */
  readonly hurried: number;
  /** The same, in the first moments after it stopped passing, or of the agent: most of it is a start. */
  readonly soon: number;
  /** How long those moments are. */
  readonly soonFor: number;
  readonly timeout: number;
  /** How long a look may ignore its cancellation before the scheduler counts as stuck. */
  readonly stuck: number;
}

export const timing: Timing = {
  interval: 2000,
  hurried: 1000,
  soon: 200,
  soonFor: 30_000,
  timeout: 1500,
  stuck: 10_000,
};

interface Slot {
  readonly check: Check;
  open: OpenCheck | undefined;
  result: CheckResult;
  /** Since when it doesn't pass. */
  troubled: number;
  /** When the loop of this check last moved on. */
  moved: number;
  cancel: (reason: StackError) => void;
  wake: () => void;
}

export function scheduler(options: SchedulerOptions): Scheduler {
  const { clock } = options;
  const times = { ...timing, ...options.timing };
  let stopped = false;

  const slots = options.checks.map((check): Slot => {
    const starting = { status: "fail", code: "starting", message: "not looked at yet" } as const;
    const result = measured(check, starting, clock, clock.now());
    return {
      check,
      open: undefined,
      result,
      troubled: clock.now(),
      moved: clock.now(),
      cancel: () => {},
      wake: () => {},
    };
  });

  async function look(slot: Slot): Promise<void> {
    const started = clock.now();
    const controller = new AbortController();
    slot.cancel = (reason) => controller.abort(reason);
    const { promise: overdue, resolve: giveUp } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => {
      controller.abort(new StackError("timeout", `no answer within ${times.timeout} ms`));
      // A check that honours its signal ends now and says how; one that does not is not waited for.
      setTimeout(giveUp, 100, undefined);
    }, times.timeout);
    const running = runOnce(slot, options.context, controller.signal);
    const outcome = await Promise.race([running, overdue]);
    clearTimeout(timer);
    if (!stopped) record(slot, judged(outcome, controller.signal), started);
    await running;
    slot.moved = clock.now();
  }

  function record(slot: Slot, outcome: Outcome, started: number): void {
    const before = slot.result;
    slot.result = measured(slot.check, outcome, clock, started);
    if (before.outcome.status === "pass") slot.troubled = clock.now();
    if (before.outcome.status !== outcome.status) options.onChange?.(slot.result, before);
  }

  async function keepLooking(slot: Slot): Promise<void> {
    while (!stopped) {
      const started = clock.now();
      slot.moved = started;
      await look(slot);
      const wanted = untilNext(slot);
      const rest = Math.max(started + wanted - clock.now(), wanted / 10);
      if (!stopped) await pause(slot, rest);
    }
  }

  function untilNext({ result, troubled }: Slot): number {
    if (result.outcome.status === "pass") return times.interval;
    const soon = clock.now() - troubled < times.soonFor && options.patient?.() !== true;
    return soon ? Math.min(times.soon, times.hurried) : times.hurried;
  }

  const loops = slots.map(keepLooking);

  return {
    results: () => slots.map((slot) => slot.result),
    moving: () => slots.every((slot) => clock.now() - slot.moved < times.interval + times.timeout + times.stuck),
    hurry: () => {
      for (const slot of slots) if (slot.result.outcome.status !== "pass") slot.wake();
    },
    stop: async () => {
      stopped = true;
      for (const slot of slots) {
        slot.cancel(new StackError("aborted", "the agent is stopping"));
        slot.wake();
      }
      const closing = Promise.all(loops).then(() => Promise.allSettled(slots.map((slot) => slot.open?.close())));
      await within(500, closing);
    },
  };
}

async function runOnce(slot: Slot, context: CheckContext, signal: AbortSignal): Promise<Outcome> {
  try {
    slot.open ??= slot.check.open(context);
    return await slot.open.run(signal);
  } catch (error) {
    return failedLook(error);
  }
}

/** What a look counts as once its time was up: never a pass that came too late. */
function judged(outcome: Outcome | undefined, signal: AbortSignal): Outcome {
  if (!signal.aborted) return outcome ?? { status: "fail", code: "internal" };
  if (outcome?.status === "fail" && !["aborted", "internal", "disconnected"].includes(outcome.code)) return outcome;
  const { figures } = outcome ?? {};
  return { status: "fail", code: "timeout", message: messageOf(signal.reason), ...(figures && { figures }) };
}

function measured(check: Check, outcome: Outcome, clock: Clock, started: number): CheckResult {
  const at = clock.now();
  return {
    check: check.name,
    component: check.component,
    ...(check.observes && { observes: check.observes }),
    ...(check.metrics && { metrics: check.metrics }),
    outcome,
    latencyMs: Math.round((at - started) * 100) / 100,
    at,
    time: clock.date().toISOString(),
  };
}

function pause(slot: Slot, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    slot.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
