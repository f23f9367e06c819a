import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test as TapTest } from "tap";
import { type CheckResult, type Scheduler, scheduler } from "../../../agent/health/scheduler.ts";
import type { Check, CheckContext, Outcome } from "../../../engine/check.ts";
import { systemClock } from "../../../lib/clock.ts";
import { StackError } from "../../../lib/error.ts";
import { waitFor } from "../../../lib/wait.ts";

const quick = { interval: 20, hurried: 10, timeout: 100, stuck: 200 };
// The checks here need no model and no secret.
const context = {} as CheckContext;

function check(name: string, run: (signal: AbortSignal) => Promise<Outcome>, close = async () => {}): Check {
  return { name: `${name}:test`, component: name, open: () => ({ run, close }) };
}

function start(t: TapTest, checks: readonly Check[], onChange?: (now: CheckResult, before: CheckResult) => void) {
  const running = scheduler({ checks, context, clock: systemClock, timing: quick, ...(onChange && { onChange }) });
  t.teardown(() => running.stop());
  return running;
}

const until = (what: string, look: () => boolean) =>
  waitFor(async () => look(), { what, timeout: 10_000, interval: 5 });
const outcome = (running: Scheduler, at = 0): Outcome | undefined => running.results()[at]?.outcome;
const fine: Outcome = { status: "pass", code: "ok" };

t.test("before its first result a check fails as starting", async (t) => {
  const running = start(t, [check("slow", () => new Promise(() => {}))]);
  t.match(outcome(running), { status: "fail", code: "starting" });
});

t.test("checks run in parallel: one that hangs delays no other", async (t) => {
  const running = start(t, [check("hanging", () => new Promise(() => {})), check("well", async () => fine)]);
  await until("the well one", () => outcome(running, 1)?.status === "pass");
  await until("the hanging one's timeout", () => outcome(running, 0)?.code === "timeout");
  t.equal(outcome(running, 1)?.status, "pass");
});

t.test("a check that hangs is cancelled by its signal, fails as timeout, and is looked at again", async (t) => {
  let cancelled = 0;
  const running = start(t, [
    check("hanging", (signal) => {
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          cancelled++;
          reject(signal.reason);
        });
      });
    }),
  ]);
  await until("a timeout", () => outcome(running)?.code === "timeout");
  t.match(outcome(running)?.message, /within 100 ms/);
  await until("a second one", () => cancelled === 2);
});

t.test("a check that ignores its signal is never run twice at once, and shows as not moving", async (t) => {
  let now = 0;
  let most = 0;
  const running = start(t, [
    check("deaf", () => {
      most = Math.max(most, ++now);
      return new Promise(() => {});
    }),
  ]);
  await until("a timeout", () => outcome(running)?.code === "timeout");
  t.ok(running.moving(), "moving at first");
  await until("standing still", () => !running.moving());
  t.equal(most, 1);
});

t.test("a pass that comes after its time does not count", async (t) => {
  const running = start(t, [check("late", () => new Promise((resolve) => setTimeout(resolve, 150, fine)))]);
  await until("a first result", () => outcome(running)?.code !== "starting");
  t.match(outcome(running), { status: "fail", code: "timeout" });
});

t.test("what a check throws becomes a failure with a stable code", async (t) => {
  const table: [unknown, string][] = [
    [new StackError("auth", "password refused"), "auth"],
    [Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }), "refused"],
    [Object.assign(new Error("reset"), { code: "ECONNRESET" }), "disconnected"],
    [new TypeError("a bug"), "internal"],
  ];
  for (const [thrown, code] of table) {
    const running = start(t, [check("throwing", () => Promise.reject(thrown))]);
    await until(code, () => outcome(running)?.code === code);
  }
  const unopened: Check = {
    name: "broken:test",
    component: "broken",
    open: () => {
      throw new Error("no client");
    },
  };
  const running = start(t, [unopened]);
  await until("an outcome", () => outcome(running)?.code === "internal");
});

t.test("each change of status is told once, what stays as it is never", async (t) => {
  const changes: string[] = [];
  let state: Outcome = { status: "fail", code: "refused" };
  let looks = 0;
  start(
    t,
    [
      check("changing", async () => {
        looks++;
        return state;
      }),
    ],
    (now, before) => changes.push(`${before.outcome.status} ${now.outcome.status}`),
  );
  const after = (more: number) => {
    const from = looks;
    return until("more looks", () => looks >= from + more);
  };
  await after(3);
  t.same(changes, [], "still failing is no change");
  state = fine;
  await after(4);
  state = { status: "fail", code: "refused" };
  await after(4);
  t.same(changes, ["fail pass", "pass fail"]);
});

t.test("hurry looks at what fails without waiting for its turn", async (t) => {
  let up = false;
  let looks = 0;
  const running = scheduler({
    checks: [
      check("late-starter", async () => {
        looks++;
        return up ? fine : { status: "fail", code: "refused" };
      }),
    ],
    context,
    clock: systemClock,
    timing: { ...quick, hurried: 600_000, interval: 600_000 },
  });
  t.teardown(() => running.stop());
  await until("the first look", () => looks === 1 && outcome(running)?.code === "refused");
  up = true;
  running.hurry();
  await until("a pass", () => outcome(running)?.status === "pass");
  t.equal(looks, 2);
});

t.test("while it is to be patient a start is looked at no oftener than any other failure", async (t) => {
  let patient = true;
  let looks = 0;
  const running = scheduler({
    checks: [check("starting", async () => ({ status: "fail", code: `refused-${++looks}` }))],
    context,
    clock: systemClock,
    timing: { ...quick, soon: 5, hurried: 600_000 },
    patient: () => patient,
  });
  t.teardown(() => running.stop());
  await until("the first look", () => outcome(running)?.code === "refused-1");
  await sleep(50);
  t.equal(looks, 1);
  patient = false;
  running.hurry();
  await until("many looks", () => looks > 5);
});

t.test("stopping cancels what runs and closes every client", async (t) => {
  let closed = 0;
  let cancelled = false;
  const running = scheduler({
    checks: [
      check(
        "busy",
        (signal) =>
          new Promise((_, reject) =>
            signal.addEventListener("abort", () => {
              cancelled = true;
              reject(signal.reason);
            }),
          ),
        async () => {
          closed++;
        },
      ),
    ],
    context,
    clock: systemClock,
    timing: { ...quick, timeout: 600_000 },
  });
  await running.stop();
  t.ok(cancelled);
  t.equal(closed, 1);
});

t.test("what starts is looked at again at once, what stays down ever less often", async (t) => {
  const at: number[] = [];
  const running = scheduler({
    checks: [
      check("down", async () => {
        at.push(at.length);
        return { status: "fail", code: "refused" };
      }),
    ],
    context,
    clock: systemClock,
    timing: { ...quick, soon: 5, soonFor: 100, hurried: 600_000, interval: 600_000 },
  });
  t.teardown(() => running.stop());
  await until("three looks", () => at.length >= 3);
  await sleep(300);
  const looks = at.length;
  await sleep(100);
  t.equal(at.length, looks, "its next turn is far away by now");
});
