import t from "tap";
import type { Check, Outcome } from "../../../engine/check.ts";
import { awaitChecks } from "../../../engine/run/await-checks.ts";

/** A check that finds one outcome after the other, the last one for ever. */
function checkOf(...outcomes: Outcome[]) {
  const seen = { looks: 0, closed: 0 };
  const check: Check = {
    name: "redis:cluster",
    component: "redis",
    open: () => ({
      run: async () => outcomes[Math.min(seen.looks++, outcomes.length - 1)] as Outcome,
      close: async () => void seen.closed++,
    }),
  };
  return { check, seen };
}

const fail = (code: string, more: Partial<Outcome> = {}): Outcome => ({ status: "fail", code, ...more });
const options = (more: object = {}) => ({
  context: {} as never,
  signal: new AbortController().signal,
  timeout: 600_000,
  patience: 600_000,
  since: performance.now(),
  interval: 1,
  ...more,
});

t.test("a check that fails is looked at again until it passes; a warning passes", async (t) => {
  const { check, seen } = checkOf(fail("refused"), fail("starting"), { status: "warn", code: "nearly-full" });
  t.equal(await awaitChecks([check], options()), true);
  t.strictSame(seen, { looks: 3, closed: 1 });
});

t.test("one that no waiting helps is told at once, with its last word", async (t) => {
  const { check, seen } = checkOf(fail("disk-alarm", { message: "low on disk", hopeless: true }));
  await t.rejects(awaitChecks([check], options()), {
    code: "check-failed",
    message: "redis:cluster did not pass (disk-alarm: low on disk)",
    hint: /stack-agent health redis/,
  });
  t.strictSame(seen, { looks: 1, closed: 1 });
});

t.test("when the time is up its last outcome is told; when patience is, that it has not passed", async (t) => {
  const late = checkOf(fail("cluster-down"));
  await t.rejects(awaitChecks([late.check], options({ timeout: 0 })), {
    code: "check-failed",
    message: /did not pass within 0 s \(cluster-down\)/,
  });
  const patient = checkOf(fail("cluster-down"));
  t.equal(await awaitChecks([patient.check], options({ patience: 1 })), false);
  t.same([late.seen.closed, patient.seen.closed], [1, 1]);
});
