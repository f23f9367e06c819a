import { isStackError } from "../../lib/error.ts";
import { readTextIfAny } from "../../lib/files.ts";
import { budget } from "../../stack/budget.ts";
import type { ProgressDocument } from "../../stack/documents/progress.ts";
import { type EngineOptions, runEngine, type StageResult } from "../engine/engine.ts";
import { takeLock } from "../engine/lock.ts";
import { type Progress, progressError, progressWriter, trackProgress } from "../engine/progress.ts";
import { writeTimeline } from "../engine/timeline.ts";
import { readState, writeState } from "../state/state.ts";

/**
 * Runs the engine as the one at work, tells its progress in `progress.json`, what it did in
 * `timeline.json`, and keeps the stages' history in `state.json`.
 *
 * @returns the final progress: `done`, or `failed` with the stages' errors
 * @throws StackError `already-running`, `preflight`, `aborted`
 */
export async function provision(options: EngineOptions): Promise<ProgressDocument> {
  const { paths } = options.model;
  const lock = await takeLock(paths.run, options.io.run);
  try {
    const progress = trackProgress(await firstDocument(options), progressWriter(paths.run));
    try {
      const results = await runEngine(options, progress);
      const failed = results.some((result) => result.error !== undefined);
      await remember(options, results);
      end(progress, failed ? "failed" : "done", options);
    } catch (error) {
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
    try {
      await writeTimeline(paths, options.timeline);
    } finally {
      await lock.close();
    }
  }
}

async function firstDocument(options: EngineOptions): Promise<ProgressDocument> {
  const [memory, deviations] = await Promise.all([memoryOf(options), deviationsOf(options)]);
  return {
    schemaVersion: 1,
    state: "running",
    startedAt: new Date(options.now()).toISOString(),
    stages: options.stages.map(({ id, title }) => ({ id, title, status: "waiting", actions: 0 })),
    memory,
    deviations,
  };
}

async function memoryOf({ eyes, model }: EngineOptions): Promise<ProgressDocument["memory"]> {
  const totalMiB = await eyes.memoryMiB();
  try {
    const { cuts, shares } = budget(model, totalMiB);
    return { totalMiB, cuts: [...cuts], shares: [...shares] };
  } catch (error) {
    // Too little memory is told by the stage system's preflight.
    if (isStackError(error)) return { totalMiB, cuts: [], shares: [] };
    throw error;
  }
}

/** What the builder found it could not give; a bare host has no manifest. */
async function deviationsOf({ model }: EngineOptions): Promise<string[]> {
  const text = await readTextIfAny(`${model.paths.share}/manifest.json`);
  if (text === undefined) return [];
  const manifest: unknown = JSON.parse(text);
  const { deviations } = manifest as { deviations?: unknown };
  return Array.isArray(deviations) ? deviations.map(String) : [];
}

function end(progress: Progress, state: "done" | "failed", { now }: EngineOptions): void {
  progress.set({ state, finishedAt: new Date(now()).toISOString() });
}

/** Stages' history; and this machine's id where none is known: a copy is noticed by another one. */
async function remember({ model, eyes, now }: EngineOptions, results: readonly StageResult[]): Promise<void> {
  const state = await readState(model.paths.state);
  const machineId = state.machineId ?? (await eyes.machineId());
  const at = new Date(now()).toISOString();
  const history = results.map(({ id, seconds, error }) => [id, { seconds, at, status: error ? "failed" : "done" }]);
  await writeState(model.paths.state, {
    ...state,
    ...(machineId === undefined ? {} : { machineId }),
    stages: { ...state.stages, ...Object.fromEntries(history) },
  });
}
