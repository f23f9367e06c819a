import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Action, Executors } from "../../../engine/action.ts";
import { makeDirectory, writeFile as writeAction } from "../../../engine/actions/files.ts";
import { makeSecret } from "../../../engine/actions/secrets.ts";
import type { Check, Outcome } from "../../../engine/check.ts";
import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import type { EngineOptions } from "../../../engine/run/engine-options.ts";
import { planStages } from "../../../engine/run/plan-stages.ts";
import { type Progress, trackProgress } from "../../../engine/run/progress.ts";
import { runEngine } from "../../../engine/run/run-engine.ts";
import { trackTimeline } from "../../../engine/run/timeline.ts";
import { asSealed } from "../../../engine/secrets/sealed.ts";
import type { FailingServer, Problem, Stage, StageId } from "../../../engine/stage.ts";
import { ExitCode, isStackError, StackError } from "../../../lib/error.ts";
import { readTextIfAny } from "../../../lib/files.ts";
import { planDocument } from "../../../stack/documents/plan.ts";
import { type ProgressDocument, progressDocument } from "../../../stack/documents/progress.ts";
import { timelineDocument } from "../../../stack/documents/timeline.ts";
import { stackModel } from "../../stack/stack-model.ts";
import { testIo } from "../test-io.ts";

const model = stackModel();

/** The engine's own logic with real executors, in a folder. */
interface Bench {
  readonly folder: string;
  readonly options: EngineOptions;
  readonly progress: Progress;
  readonly documents: ProgressDocument[];
  /** What was inspected and done, in order. */
  readonly told: string[];
}

function bench(
  folder: string,
  stages: readonly Stage[],
  more: Partial<EngineOptions> = {},
  told: string[] = [],
): Bench {
  const { io, store } = testIo(folder, [{ name: "redis.auth", reader: "root", purpose: "" }], more.signal);
  const executors: Partial<Executors> = {
    makeSecret,
    makeDirectory,
    writeFile: {
      ...writeAction,
      async apply(args, using) {
        told.push(`write ${args.path.slice(folder.length + 1)}`);
        await writeAction.apply(args, using);
      },
    },
  };
  const reader: Partial<FactReader> = { readText: readTextIfAny };
  const options: EngineOptions = {
    stages,
    model,
    executors: executors as Executors,
    reader: reader as FactReader,
    io,
    checks: { model, secret: async () => undefined },
    log: () => {},
    signal: io.signal,
    now: Date.now,
    redact: store.redact,
    timeline: trackTimeline(Date.now),
    timeouts: { stage: 30_000, look: 5, patience: 1_000 },
    ...more,
  };
  const documents: ProgressDocument[] = [];
  const first: ProgressDocument = {
    schemaVersion: 1,
    state: "running",
    startedAt: new Date().toISOString(),
    stages: stages.map(({ id, title }) => ({ id, title, status: "waiting", actions: 0 })),
    memory: { totalMiB: 8192, cuts: [], shares: [] },
    deviations: [],
  };
  const progress = trackProgress(first, async (document) => void documents.push(document));
  return { folder, options, progress, documents, told };
}

interface StageOptions {
  readonly needs?: readonly StageId[];
  readonly checks?: readonly Check[];
  readonly problems?: readonly Problem[];
  readonly inspect?: () => Promise<void>;
  readonly unseen?: () => readonly string[];
  readonly failing?: () => readonly FailingServer[];
  readonly extra?: () => readonly Action[];
  readonly content?: string;
}

/** A stage that wants one file, and looks whether it is there. */
function fileStage(id: StageId, folder: string, more: StageOptions = {}): Stage {
  const path = join(folder, id);
  const wanted = more.content ?? "done\n";
  return {
    id,
    title: id,
    needs: more.needs ?? [],
    present: () => true,
    checks: () => more.checks ?? [],
    async inspect(reader: FactReader) {
      await more.inspect?.();
      return reader.readText(path);
    },
    preflight: () => more.problems ?? [],
    plan: (text: unknown) => ({
      actions: [...(text === wanted ? [] : [write(path, wanted)]), ...(more.extra?.() ?? [])],
      unseen: more.unseen?.() ?? [],
      failing: more.failing?.() ?? [],
    }),
    reset: () => ({ actions: [], kept: [] }),
  } as Stage;
}

function write(path: string, text: string): Action {
  return { do: "writeFile", why: "is missing", args: { path, mode: 0o644, owner: "me:me", text: asSealed(text) } };
}

function check(name: `${string}:${string}`, outcomes: Outcome["status"][]): Check & { looks: number; open_: number } {
  const counted = {
    name,
    component: "redis",
    looks: 0,
    open_: 0,
    open() {
      counted.open_ += 1;
      return {
        async run() {
          const status = outcomes[Math.min(counted.looks, outcomes.length - 1)] ?? "fail";
          counted.looks += 1;
          return { status, code: status === "pass" ? "ok" : "refused" };
        },
        async close() {
          counted.open_ -= 1;
        },
      };
    },
  };
  return counted;
}

t.test("a second run finds nothing to do, and so does one after any file was lost", async (t) => {
  const folder = t.testdir();
  const stages = [fileStage("system", folder), fileStage("redis", folder, { needs: ["system"] })];
  const first = bench(folder, stages);
  t.match(await runEngine(first.options, first.progress), [{ id: "system" }, { id: "redis" }]);
  t.same(first.told, ["write system", "write redis"]);
  const second = bench(folder, stages);
  await runEngine(second.options, second.progress);
  t.same(second.told, []);
  t.same(await planStages(second.options), { actions: [], unseen: [] });
  await rm(join(folder, "redis"));
  const third = bench(folder, stages);
  t.match(await planStages(third.options), { actions: [{ stage: "redis", do: "writeFile", why: "is missing" }] });
  await runEngine(third.options, third.progress);
  t.same(third.told, ["write redis"]);
});

t.test("a plan changes nothing", async (t) => {
  const folder = t.testdir();
  const { options, told } = bench(folder, [fileStage("system", folder)]);
  t.ok(planDocument.parse(await planStages(options)).actions.length);
  t.same(told, []);
  t.equal(await readTextIfAny(join(folder, "system")), undefined);
});

t.test("a stage begins when what it needs is done; those that don't need each other run at once", async (t) => {
  const folder = t.testdir();
  let arrived = 0;
  let open: () => void = () => {};
  const both = new Promise<void>((resolve) => {
    open = resolve;
  });
  // Each waits in its second look until the other is in its own: one after the other would never end.
  const meet = (): (() => Promise<void>) => {
    let looks = 0;
    return async () => {
      looks += 1;
      if (looks !== 2) return;
      arrived += 1;
      if (arrived === 2) open();
      await both;
    };
  };
  const { options, progress, told } = bench(folder, [
    fileStage("system", folder),
    fileStage("postgres", folder, { needs: ["system"], inspect: meet() }),
    fileStage("redis", folder, { needs: ["system"], inspect: meet() }),
    fileStage("services", folder, { needs: ["postgres", "redis"] }),
  ]);
  const results = await runEngine(options, progress);
  t.equal(results.filter((result) => result.error).length, 0);
  t.equal(told[0], "write system");
  t.equal(told[3], "write services");
});

t.test("a failed stage fails those that need it as waiting, and no other", async (t) => {
  const folder = t.testdir({ file: "" });
  const { options, progress, told, documents } = bench(folder, [
    fileStage("system", folder),
    fileStage("postgres", folder, { needs: ["system"], extra: () => [write(join(folder, "file/below"), "x")] }),
    fileStage("redis", folder, { needs: ["system"] }),
    fileStage("services", folder, { needs: ["postgres", "redis"] }),
  ]);
  const results = await runEngine(options, progress);
  await progress.flush();
  t.same(told.sort(), ["write file/below", "write postgres", "write redis", "write system"]);
  const failed = results.find((result) => result.id === "postgres")?.error;
  t.match(failed?.message, /^postgres: writeFile .*: EEXIST/, "stage, action and cause");
  t.ok(failed?.hint);
  const last = progressDocument.parse(documents.at(-1));
  t.match(last.stages, [
    { id: "system", status: "done", actions: 1 },
    { id: "postgres", status: "failed", actions: 1, error: { code: "action-failed" } },
    { id: "redis", status: "done", actions: 1 },
    { id: "services", status: "waiting", error: { code: "needs-failed", message: "waiting: needs postgres" } },
  ]);
  t.notOk(
    last.stages.some((stage) => stage.action !== undefined),
    "nothing is said to be at work any more",
  );
});

t.test("nothing is touched when any stage has a problem, and all problems are told", async (t) => {
  const folder = t.testdir();
  const problem = (code: string): Problem => ({ code, message: `${code}!`, hint: `repair ${code}` });
  const { options, progress, told } = bench(folder, [
    fileStage("system", folder),
    fileStage("postgres", folder, { needs: ["system"], problems: [problem("a"), problem("b")] }),
    fileStage("redis", folder, { problems: [problem("c")] }),
  ]);
  const refusal = {
    code: "preflight",
    detail: ["postgres: a! [a]", "postgres: b! [b]", "redis: c! [c]"],
    hint: "repair a; repair b; repair c",
  };
  await t.rejects(planStages(options, { refuse: true }), refusal, "the plan says no other");
  t.same((await planStages(options)).unseen, ["postgres: a!", "redis: c!"], "a look for drift goes on");
  await t.rejects(runEngine(options, progress), refusal);
  t.same(told, []);
  t.match(progress.document.stages, [
    { id: "system", status: "waiting" },
    { id: "postgres", status: "failed", error: { code: "a", detail: ["a! [a]", "b! [b]"] } },
    { id: "redis", status: "failed", error: { code: "c", hint: "repair c" } },
  ]);
});

t.test("a stage that waits for somebody has failed nothing: what does not need it is done", async (t) => {
  const folder = t.testdir();
  const problem: Problem = { code: "not-a-member", message: "no member!", hint: "join it", waits: true };
  const { options, progress, told } = bench(folder, [
    fileStage("system", folder),
    fileStage("cluster", folder, { needs: ["system"], problems: [problem] }),
    fileStage("postgres", folder, { needs: ["system", "cluster"] }),
    fileStage("memcached", folder, { needs: ["system"] }),
  ]);
  t.match((await planStages(options, { refuse: true })).unseen, ["cluster: no member!"], "no reason to refuse a plan");
  const results = await runEngine(options, progress);
  t.same(told.sort(), ["write memcached", "write system"]);
  t.match(progress.document.stages, [
    { status: "done" },
    { id: "cluster", status: "waiting", error: { code: "not-a-member", hint: "join it" } },
    { id: "postgres", status: "waiting", error: { code: "needs-failed", message: "waiting: needs cluster" } },
    { status: "done" },
  ]);
  t.equal(results.find(({ id }) => id === "cluster")?.error?.exit, ExitCode.working);
});

t.test("a problem that shows only once a server runs fails its stage, and nothing more is done there", async (t) => {
  const folder = t.testdir();
  let looks = 0;
  const late = {
    ...fileStage("postgres", folder, {
      inspect: async () => {
        looks += 1;
      },
    }),
    preflight: () => (looks < 2 ? [] : [{ code: "migration-changed", message: "changed!", hint: "put it back" }]),
    plan: () =>
      looks < 2 ? { actions: [], unseen: ["migrations"] } : { actions: [write(join(folder, "x"), "x")], unseen: [] },
  } as Stage;
  const { options, progress, told } = bench(folder, [late, fileStage("redis", folder)]);
  t.match(await runEngine(options, progress), [
    { id: "postgres", error: { code: "migration-changed", message: "postgres: changed!", hint: "put it back" } },
    { id: "redis", error: undefined },
  ]);
  t.same(told, ["write redis"]);
});

t.test("a stage that can't be inspected before what it needs is done is inspected then", async (t) => {
  const folder = t.testdir();
  const needsFile = async (): Promise<void> => {
    if ((await readTextIfAny(join(folder, "system"))) === undefined) throw new StackError("too-early", "not yet");
  };
  const stages = [fileStage("system", folder), fileStage("redis", folder, { needs: ["system"], inspect: needsFile })];
  const { options, progress } = bench(folder, stages);
  t.match((await planStages(options)).unseen, ["redis: not yet"]);
  const results = await runEngine(options, progress);
  t.equal(results.filter((result) => result.error).length, 0);
});

t.test("what can't be seen yet is looked for until it can", async (t) => {
  const folder = t.testdir();
  let looks = 0;
  const stage = fileStage("rabbitmq", folder, {
    inspect: async () => {
      looks += 1;
    },
    unseen: () => (looks < 6 ? ["definitions: RabbitMQ is starting"] : []),
  });
  const { options, progress } = bench(folder, [stage]);
  t.match(await runEngine(options, progress), [{ id: "rabbitmq", error: undefined }]);
  t.ok(looks >= 6);
  const blind = bench(folder, [fileStage("rabbitmq", folder, { unseen: () => ["definitions"] })], {
    timeouts: { stage: 100, look: 5, patience: 1_000 },
  });
  t.match(await runEngine(blind.options, blind.progress), [{ error: { code: "unseen", detail: ["definitions"] } }]);
});

t.test("a server that starts again and again fails its stage with its last word, once it had its time", async (t) => {
  const folder = t.testdir();
  const server = { unit: "redis-server@6380.service", says: "Bad file format", help: "journalctl -b" };
  const unseen = () => ["slots: Redis is not running yet"];
  const sick = bench(folder, [fileStage("redis", folder, { unseen, failing: () => [server] })], {
    timeouts: { stage: 60_000, look: 5, patience: 50 },
  });
  t.match(await planStages(sick.options), { failing: [{ stage: "redis", ...server }] });
  t.match(await runEngine(sick.options, sick.progress), [
    {
      error: {
        code: "server-failing",
        message: "redis: redis-server@6380.service starts again and again: Bad file format",
        hint: "journalctl -b",
      },
    },
  ]);
  let looks = 0;
  const late = bench(folder, [
    fileStage("rabbitmq", folder, {
      unseen: () => (looks < 3 ? ["slots"] : []),
      failing: () => {
        looks += 1;
        return looks < 3 ? [server] : [];
      },
    }),
  ]);
  t.match(await runEngine(late.options, late.progress), [{ error: undefined }], "one that comes up in time does not");
});

t.test("a plan that never becomes empty ends with what is left of it", async (t) => {
  const folder = t.testdir();
  const stage = fileStage("redis", folder, { extra: () => [write(join(folder, "other"), "again\n")] });
  const { options, progress, told } = bench(folder, [stage]);
  const [result] = await runEngine(options, progress);
  t.match(result?.error, { code: "not-converging", detail: [/^writeFile .*other: is missing$/] });
  t.equal(told.filter((line) => line === "write other").length, 3);
});

t.test("a stage is done when its checks have passed, and no check's client is left open", async (t) => {
  const folder = t.testdir();
  const late = check("redis:roundtrip", ["fail", "fail", "pass"]);
  const { options, progress } = bench(folder, [fileStage("redis", folder, { checks: [late] })]);
  t.match(await runEngine(options, progress), [{ error: undefined }]);
  t.equal(late.looks, 3);
  t.equal(late.open_, 0);
  const never = check("redis:roundtrip", ["fail"]);
  const failing = bench(folder, [fileStage("redis", folder, { checks: [never] })], {
    timeouts: { stage: 50, look: 5, patience: 1_000 },
  });
  const [result] = await runEngine(failing.options, failing.progress);
  t.match(result?.error, { code: "check-failed", message: /redis:roundtrip did not pass .*refused/ });
  t.equal(never.open_, 0);
});

t.test("what breaks while a stage's checks fail is mended before they pass", async (t) => {
  const folder = t.testdir();
  const stage = fileStage("redis", folder, {
    checks: [
      {
        ...check("redis:roundtrip", []),
        open: () => ({
          async run() {
            looks += 1;
            if (looks === 2) await rm(join(folder, "redis"));
            const whole = looks > 2 && (await readTextIfAny(join(folder, "redis"))) !== undefined;
            return whole ? { status: "pass", code: "ok" } : { status: "fail", code: "refused" };
          },
          async close() {},
        }),
      },
    ],
  });
  let looks = 0;
  const { options, progress, told } = bench(folder, [stage], { timeouts: { stage: 30_000, look: 5, patience: 50 } });
  t.match(await runEngine(options, progress), [{ error: undefined }]);
  t.equal(told.filter((line) => line === "write redis").length, 2);
});

t.test("an abort ends between two actions, and the next run goes on", async (t) => {
  const folder = t.testdir();
  const stop = new AbortController();
  const paths = ["a", "b", "c"].map((name) => join(folder, name));
  const stage = {
    ...fileStage("system", folder),
    inspect: async () => Promise.all(paths.map((path) => readTextIfAny(path))),
    plan: (found: unknown) => ({
      actions: paths.filter((_, index) => (found as string[])[index] === undefined).map((path) => write(path, "x")),
      unseen: [],
    }),
  } as Stage;
  const { options, progress, told } = bench(folder, [stage], { signal: stop.signal });
  const executors: Executors = {
    ...options.executors,
    writeFile: {
      ...options.executors.writeFile,
      async apply(args, io) {
        await options.executors.writeFile.apply(args, io);
        if (args.path.endsWith("b")) stop.abort("SIGTERM");
      },
    },
  };
  await t.rejects(runEngine({ ...options, executors }, progress), { code: "aborted" });
  t.same(told, ["write a", "write b"]);
  const again = bench(folder, [stage]);
  await runEngine(again.options, again.progress);
  t.same(again.told, ["write c"]);
});

t.test("actions with the same lock never run at once", async (t) => {
  const folder = t.testdir();
  let inside = 0;
  let most = 0;
  const { options, progress } = bench(
    folder,
    (["postgres", "redis", "rabbitmq"] as const).map((id) => fileStage(id, folder)),
  );
  const executors: Executors = {
    ...options.executors,
    writeFile: {
      ...options.executors.writeFile,
      lock: "systemd",
      async apply(args, io) {
        inside += 1;
        most = Math.max(most, inside);
        await options.executors.writeFile.apply(args, io);
        inside -= 1;
      },
    },
  };
  await runEngine({ ...options, executors }, progress);
  t.equal(most, 1);
});

t.test("no secret is in a plan, a progress document or an error, even one that a server quoted back", async (t) => {
  const folder = t.testdir();
  const stage: Stage = {
    ...fileStage("redis", folder),
    inspect: async () => undefined,
    plan: () => ({
      actions: [
        { do: "makeSecret", why: "not there", args: { name: "redis.auth", units: [] } },
        {
          do: "sql",
          why: "password differs",
          args: { database: "x", text: asSealed("alter role a password '«secret:redis.auth»'") },
        },
      ],
      unseen: [],
    }),
  } as Stage;
  const { options, progress, documents } = bench(folder, [stage]);
  const executors: Executors = {
    ...options.executors,
    sql: {
      describe: ({ database }) => database,
      async apply({ text }, io) {
        const open = await io.unseal(text);
        throw new StackError("command-failed", `psql: syntax error in ${open}`, {
          detail: [open],
          cause: new Error(open),
        });
      },
    },
  };
  const plan = JSON.stringify(await planStages({ ...options, executors }));
  const [result] = await runEngine({ ...options, executors }, progress);
  await progress.flush();
  const value = (await readFile(join(folder, "state/secrets/redis.auth"), "utf8")).trim();
  t.match(value, /^\w{40}$/);
  const { error } = result ?? {};
  t.ok(isStackError(error) && error.message.includes("«secret»"));
  for (const text of [plan, JSON.stringify(documents), error?.message, error?.detail.join(), String(error?.cause)]) {
    t.notMatch(text, value);
  }
});

t.test("progress documents are valid at every change", async (t) => {
  const folder = t.testdir();
  await writeFile(join(folder, "system"), "old\n");
  const { options, progress, documents } = bench(folder, [fileStage("system", folder)]);
  await runEngine(options, progress);
  progress.set({ state: "done", finishedAt: new Date().toISOString() });
  await progress.flush();
  for (const document of documents) t.ok(progressDocument.safeParse(document).success);
  t.match(documents.at(-1), { state: "done", stages: [{ status: "done", actions: 1, seconds: Number }] });
});

t.test("the timeline tells what the plan said, in its order, and what followed", async (t) => {
  const stages = [
    fileStage("system", t.testdir()),
    fileStage("redis", t.testdir({ redis: "other" }), { needs: ["system"] }),
  ];
  const { options, progress } = bench(t.testdir(), stages);
  const plan = await planStages(options);
  t.equal(plan.actions.length, 2);
  await runEngine(options, progress);
  const { spans } = timelineDocument.parse(options.timeline.document());
  const first = spans.filter((span) => span.kind === "action" && span.round === 1);
  t.strictSame(
    first.map(({ stage, do: name, what, why }) => ({ stage, do: name, what, why })),
    plan.actions,
  );
  for (const { startMs, endMs } of spans) t.ok(endMs !== undefined && endMs >= startMs);
  const looks = spans.filter((span) => span.kind === "look" && span.stage === "redis");
  t.strictSame(
    looks.map(({ round }) => round),
    // Before anything is done; again, as something was; and to see that nothing is left.
    [1, 1, 2],
  );
});

t.test("the timeline tells which action failed, and how", async (t) => {
  // A file where a folder should be.
  const folder = t.testdir({ taken: "" });
  const { options, progress } = bench(folder, [fileStage("system", join(folder, "taken"))]);
  await runEngine(options, progress);
  const { spans } = timelineDocument.parse(options.timeline.document());
  t.match(spans.at(-1), { kind: "action", do: "writeFile", error: "internal" });
});
