import { dirname, join } from "node:path";
import { loadResumeRestore } from "../../components/agent.ts";
import type { EngineOptions } from "../../engine/run/engine-options.ts";
import { disksOf, explainFullDisk } from "../../engine/run/explain-full-disk.ts";
import { isWaiting } from "../../engine/run/preflight.ts";
import {
  type Progress,
  progressError,
  progressPath,
  progressWriter,
  trackProgress,
} from "../../engine/run/progress.ts";
import { readProgress } from "../../engine/run/read-progress.ts";
import { runEngine, type StageResult } from "../../engine/run/run-engine.ts";
import { takeLock } from "../../engine/run/take-lock.ts";
import { writeTimeline } from "../../engine/run/timeline.ts";
import { secretsFolder } from "../../engine/secrets/read-secret.ts";
import type { Stage } from "../../engine/stage.ts";
import { describeSetAside, readSetAside } from "../../engine/state/set-aside.ts";
import { readState, statePath, writeState } from "../../engine/state/state.ts";
import { isStackError, messageOf } from "../../lib/error.ts";
import { exists, readTextIfAny, removeUnfinished } from "../../lib/files.ts";
import { budget } from "../../stack/budget.ts";
import { deviations } from "../../stack/deviations.ts";
import type { ProgressDocument } from "../../stack/documents/progress.ts";
import type { SecretName } from "../../stack/model.ts";
import { currentLink, releaseFolder, releaseZero } from "../../stack/releases.ts";
import { outdatedReaders } from "../../stack/secret-readers.ts";
import { venvStamp } from "../../stack/venv.ts";
import { mendDrift } from "../drift/read-drift.ts";

export interface Renewal {
  readonly names: readonly SecretName[];
  /** Called once nobody else is at work, and before the first has another value: none has where it throws. */
  readonly begins: () => Promise<void>;
}

/**
 * Runs the engine as the one at work, tells its progress in `progress.json`, what it did in
 * `timeline.json`, and keeps the stages' history in `state.json`.
 * Stages of the stack that it is not asked for stay in the progress as they were: what
 * failed there still has.
 *
 * @param all the stack's stages, the engine's own among them
 * @param renewal secrets that are given another value before the stages look: what holds them follows,
 *   in this run or, where it is cut off, in the next
 * @returns the final progress: `done`, or `failed` where a stage is not done
 * @throws StackError `already-running`, `preflight`, `aborted`
 */
export async function provision(
  options: EngineOptions,
  all: readonly Stage[],
  renewal?: Renewal,
): Promise<ProgressDocument> {
  const { paths } = options.model;
  const lock = await takeLock(paths.run, options.io.run);
  try {
    await Promise.all(writtenFolders(options).map(removeUnfinished));
    if (await exists(join(paths.state, "restore.json"))) await (await loadResumeRestore())(options.model, options.io);
    await renewal?.begins();
    for (const name of renewal?.names ?? []) {
      const units = outdatedReaders(name, options.model);
      await options.executors.renewSecret.apply({ name, units }, options.io);
    }
    const progress = trackProgress(await firstDocument(options, all), progressWriter(paths.run));
    try {
      const results = await runEngine(options, progress);
      const done = results.filter((result) => result.error === undefined).map(({ id }) => id);
      // Why stages failed says more than that their history can't be kept, on a full disk.
      await remember(options, results).catch((error: unknown) => {
        if (done.length === results.length) throw error;
      });
      if ((await bakedDeviations(options)) === undefined) {
        progress.set({ deviations: await installedDeviations(options) });
      }
      await mendDrift(paths.run, done, done.length === all.length, new Date(options.now()));
      progress.set({ setAside: await setAside(options) });
      const isDone = progress.document.stages.every((stage) => stage.status === "done");
      end(progress, isDone ? "done" : isWaitingAlone(results) ? "waiting" : "failed", options);
    } catch (thrown) {
      const error = await explainFullDisk(thrown, options.disks ?? (() => disksOf(options.model)));
      for (const { id } of options.stages) {
        const stage = progress.document.stages.find((other) => other.id === id);
        if (stage?.status !== "done" && stage?.error === undefined) progress.stage(id, { error: progressError(error) });
      }
      end(progress, "failed", options);
      await progress.flush();
      throw error;
    }
    await progress.flush();
    return progress.document;
  } finally {
    await writeTimeline(paths, options.timeline).catch((error: unknown) => {
      // It only tells of the run: what became of the run is what counts.
      options.log("warning", `the timeline could not be kept: ${messageOf(error)}`);
    });
    await lock.close();
  }
}

/** Where the stages write: what a run that was killed left half written there is nobody's. */
function writtenFolders({ model }: EngineOptions): string[] {
  const { paths, data } = model;
  const files = [
    ...model.files.map(({ path }) => path),
    ...model.services.flatMap(({ venv }) => (venv === undefined ? [] : [venvStamp(venv)])),
    ...model.services.flatMap((service) => [currentLink(service), releaseFolder(service, releaseZero)]),
    progressPath(paths.run),
    statePath(paths.state),
    ...data.flatMap(({ holds }) => holds),
  ];
  return [...new Set([...files.map((path) => dirname(path)), secretsFolder(paths.state)])];
}

async function firstDocument(options: EngineOptions, all: readonly Stage[]): Promise<ProgressDocument> {
  const [memory, deviations, before, aside] = await Promise.all([
    memoryOf(options),
    bakedDeviations(options),
    readProgress(options.model.paths.run),
    setAside(options),
  ]);
  return {
    schemaVersion: 1,
    state: "running",
    pid: process.pid,
    startedAt: new Date(options.now()).toISOString(),
    stages: all.map((stage) => {
      const { id, title } = stage;
      const fresh = { id, title, status: "waiting", actions: 0 } as const;
      if (options.stages.includes(stage)) return fresh;
      const known = before?.stages.find((other) => other.id === id);
      // One that says it is running was killed in it.
      return known === undefined || known.status === "running" ? fresh : known;
    }),
    memory,
    deviations: deviations ?? [],
    setAside: aside,
  };
}

async function setAside({ model }: EngineOptions): Promise<string[]> {
  return (await readSetAside(model.paths.state)).map(describeSetAside);
}

async function memoryOf({ reader, model }: EngineOptions): Promise<ProgressDocument["memory"]> {
  const totalMiB = await reader.memoryMiB();
  try {
    const { cuts, shares } = budget(model, totalMiB);
    return { totalMiB, cuts: [...cuts], shares: [...shares] };
  } catch (error) {
    // Too little memory is told by the stage system's preflight.
    if (isStackError(error)) return { totalMiB, cuts: [], shares: [] };
    throw error;
  }
}

/** What the builder found it could not give; a host that is not of the template has no manifest. */
async function bakedDeviations({ model }: EngineOptions): Promise<string[] | undefined> {
  const text = await readTextIfAny(`${model.paths.share}/manifest.json`);
  if (text === undefined) return undefined;
  const manifest: unknown = JSON.parse(text);
  const { deviations: baked } = manifest as { deviations?: unknown };
  return Array.isArray(baked) ? baked.map(String) : [];
}

/** What such a host's packages fall short of, once they are there. */
async function installedDeviations({ reader, model }: EngineOptions): Promise<string[]> {
  const installed = [...(await reader.packages(model.packages))].flatMap(([name, version]) =>
    version === undefined ? [] : [[name, version] as const],
  );
  return deviations(model, new Map(installed));
}

/** Whether what is not done waits for somebody, or for a stage that does. */
function isWaitingAlone(results: readonly StageResult[]): boolean {
  const errors = results.flatMap(({ error }) => error ?? []);
  return errors.some(isWaiting) && errors.every((error) => isWaiting(error) || error.code === "needs-failed");
}

function end(progress: Progress, state: "done" | "waiting" | "failed", { now }: EngineOptions): void {
  progress.set({ state, finishedAt: new Date(now()).toISOString() });
}

/** Stages' history; and this machine's id where none is known: a copy is noticed by another one. */
async function remember({ model, reader, now }: EngineOptions, results: readonly StageResult[]): Promise<void> {
  const state = await readState(model.paths.state);
  const machineId = state.machineId ?? (await reader.machineId());
  const at = new Date(now()).toISOString();
  const history = results.map(({ id, seconds, error }) => [id, { seconds, at, status: error ? "failed" : "done" }]);
  await writeState(model.paths.state, {
    ...state,
    ...(machineId === undefined ? {} : { machineId }),
    stages: { ...state.stages, ...Object.fromEntries(history) },
  });
}
