import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import t, { type Test as TapTest } from "tap";
import { jobRunner } from "../../../agent/jobs/job-runner.ts";
import { refreshView } from "../../../components/postgres/agent/refresh-view.ts";
import type { CheckContext } from "../../../engine/check.ts";
import type { Job } from "../../../engine/job.ts";
import { systemClock } from "../../../lib/clock.ts";
import { waitFor } from "../../../lib/wait.ts";
import { messageIds } from "../../../stack/message-ids.ts";

const everySecond = "* * * * * *";
const context = {} as CheckContext;

function start(t: TapTest, jobs: readonly Job[], options: { ready?: () => boolean; timeout?: number } = {}) {
  const logged: string[] = [];
  const runner = jobRunner({
    jobs,
    context,
    clock: systemClock,
    log: (level, message, fields) => logged.push(`${level} ${message} ${fields?.MESSAGE_ID ?? ""}`.trim()),
    timeZone: "Etc/UTC",
    ready: options.ready ?? (() => true),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  });
  t.teardown(() => runner.stop());
  return { runner, logged };
}

const until = (what: string, look: () => boolean) =>
  waitFor(async () => look(), { what, timeout: 20_000, interval: 10 });

t.test(
  "a job's runs, its error and its next run are kept; a failure is logged once until it works again",
  async (t) => {
    let fail = true;
    let runs = 0;
    const job: Job = {
      name: "refresh-view",
      schedule: everySecond,
      run: async () => {
        runs++;
        if (fail) throw new Error("connection refused");
      },
    };
    const { runner, logged } = start(t, [job]);
    t.match(runner.states(), [{ name: "refresh-view", schedule: everySecond, lastRun: undefined, runs: 0 }]);
    t.ok(Date.parse(runner.states()[0]?.nextRun ?? "") > Date.now() - 1000);
    await until("two failures", () => runner.states()[0]?.failures === 2);
    t.match(runner.states(), [{ lastError: "connection refused", runs: 2 }]);
    t.same(logged, [`warning job refresh-view failed: connection refused ${messageIds.jobFailed}`]);
    fail = false;
    await until("a success", () => runner.states()[0]?.lastError === undefined);
    t.same(logged.slice(1), ["notice job refresh-view works again"]);
    t.match(runner.states(), [{ failures: 2, lastSeconds: Number }]);
    t.ok(runs >= 3);
  },
);

t.test("one that always runs does at once, and not only by its turns", async (t) => {
  let runs = 0;
  const job = { name: "always", schedule: "0 0 29 2 *", run: async () => void runs++ };
  start(t, [{ ...job, always: true }], { ready: () => false });
  await until("its first run", () => runs === 1);
});

t.test("a job that has found something runs again before its turn, and stops with the agent", async (t) => {
  let runs = 0;
  const job: Job = { name: "drift", schedule: everySecond, run: async () => void runs++, again: async () => 1 };
  const { runner } = start(t, [job]);
  await until("more runs than there are turns in the time", () => runs > 50);
  await runner.stop();
  const stopped = runs;
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(runs, stopped);
});

t.test("a job never overlaps itself, is cancelled at its time limit, and stops with the agent", async (t) => {
  let now = 0;
  let most = 0;
  const job: Job = {
    name: "slow",
    schedule: everySecond,
    run: (_, signal) =>
      new Promise((_, reject) => {
        most = Math.max(most, ++now);
        signal.addEventListener("abort", () => {
          now--;
          reject(signal.reason);
        });
      }),
  };
  const { runner } = start(t, [job], { timeout: 2_200 });
  await until("its time limit", () => runner.states()[0]?.lastError !== undefined);
  t.match(runner.states(), [{ lastError: "did not end within 2.2 s" }]);
  t.equal(most, 1);
  await until("the next run", () => now === 1);
  await runner.stop();
  t.equal(now, 0);
});

t.test("no job runs while the stack is not ready", async (t) => {
  let asked = 0;
  let ran = 0;
  const job: Job = {
    name: "early",
    schedule: everySecond,
    run: async () => {
      ran++;
    },
  };
  const ready = (): boolean => {
    asked++;
    return false;
  };
  let always = 0;
  const other: Job = { name: "always", schedule: everySecond, always: true, run: async () => void always++ };
  const { runner } = start(t, [job, other], { ready });
  await until("two turns", () => asked === 2);
  await until("that of a job which doesn't ask", () => always > 0);
  t.equal(ran, 0);
  t.match(runner.states(), [{ runs: 0, lastRun: undefined }]);
});

t.test("a job that is hurried runs before its turn, and no other does", async (t) => {
  const ran: string[] = [];
  const job = (name: string): Job => ({
    name,
    schedule: "0 0 29 2 *",
    run: async () => {
      ran.push(name);
    },
  });
  const { runner } = start(t, [job("drift"), job("other")]);
  runner.hurry("drift");
  await until("the run", () => ran.length > 0);
  runner.hurry("nobody");
  t.strictSame(ran, ["drift"]);
});

t.test("refreshing the view ends its connection when it is cancelled", async (t) => {
  let open = 0;
  const stalled = createServer((socket) => {
    open++;
    socket.on("error", () => {});
    socket.on("close", () => {
      open--;
    });
    socket.resume();
  });
  await new Promise<void>((resolve) => stalled.listen(0, "127.0.0.1", resolve));
  t.teardown(() => stalled.close());
  const { port } = stalled.address() as AddressInfo;
  const run = refreshView({
    port,
    database: "events",
    agentUser: "stack_agent",
    secrets: { agent: "postgres.agent" },
  } as never);
  const controller = new AbortController();
  const running = run({ model: {} as never, secret: async () => "password" }, controller.signal);
  await until("the connection", () => open === 1);
  controller.abort(new Error("stop"));
  await t.rejects(running);
  await until("its end", () => open === 0);
});

t.test("refreshing the view says so where its secret can't be read", async (t) => {
  const run = refreshView({
    port: 1,
    database: "events",
    agentUser: "stack_agent",
    secrets: { agent: "postgres.agent" },
  } as never);
  await t.rejects(run({ model: {} as never, secret: async () => undefined }, new AbortController().signal), {
    code: "secret-missing",
  });
});
