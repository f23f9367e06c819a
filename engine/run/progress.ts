import { join } from "node:path";
import { errorDocument } from "../../lib/error.ts";
import { writeFileAtomic } from "../../lib/files.ts";
import type { ProgressDocument, StageProgress } from "../../stack/documents/progress.ts";
import type { StageId } from "../stage.ts";

export type StageChange = Partial<Omit<StageProgress, "id" | "title">>;

/** How provisioning stands, told at every change. */
export interface Progress {
  readonly document: ProgressDocument;
  /** `undefined` takes a value away: an action that has ended, an old error. */
  stage(id: StageId, change: { readonly [K in keyof StageChange]: StageChange[K] | undefined }): void;
  set(change: Partial<Omit<ProgressDocument, "schemaVersion" | "stages">>): void;
  /** Resolves when the last change is written. @throws the system's error of a write that failed. */
  flush(): Promise<void>;
}

/** @param write takes the whole document; called one at a time, the newest only */
export function trackProgress(first: ProgressDocument, write: (document: ProgressDocument) => Promise<void>): Progress {
  let document = first;
  let dirty = false;
  let writing: Promise<void> | undefined;
  let failure: unknown;

  const drain = async (): Promise<void> => {
    while (dirty) {
      dirty = false;
      try {
        await write(document);
      } catch (error) {
        failure = error;
      }
    }
    writing = undefined;
  };
  const change = (next: ProgressDocument): void => {
    document = next;
    dirty = true;
    writing ??= drain();
  };
  change(first);

  return {
    get document() {
      return document;
    },
    stage(id, values) {
      const stages = document.stages.map((stage) =>
        stage.id === id ? withoutUndefined({ ...stage, ...values }) : stage,
      );
      change({ ...document, stages });
    },
    set: (values) => change({ ...document, ...values }),
    async flush() {
      while (writing !== undefined) await writing;
      if (failure !== undefined) throw failure;
    },
  };
}

/** `progress.json`, readable by all: it holds no secret. */
export function progressWriter(runDirectory: string): (document: ProgressDocument) => Promise<void> {
  return (document) => writeFileAtomic(progressPath(runDirectory), `${JSON.stringify(document)}\n`, { mode: 0o644 });
}

export function progressPath(runDirectory: string): string {
  return join(runDirectory, "progress.json");
}

/** An error as a stage's progress tells it. */
export function progressError(error: unknown): NonNullable<StageProgress["error"]> {
  const document = errorDocument(error);
  return { ...document, detail: [...document.detail] };
}

function withoutUndefined(stage: { readonly [K in keyof StageProgress]: StageProgress[K] | undefined }): StageProgress {
  return Object.fromEntries(Object.entries(stage).filter(([, value]) => value !== undefined)) as StageProgress;
}
