import type { Log } from "../../lib/log.ts";
import type { Model } from "../../stack/model.ts";
import type { Executors, Io } from "../action.ts";
import type { CheckContext } from "../check.ts";
import type { FactReader } from "../facts/fact-reader.ts";
import type { Stage, StageId } from "../stage.ts";
import type { Disk } from "./explain-full-disk.ts";
import type { Timeline } from "./timeline.ts";

export interface EngineOptions {
  /** In the order they are shown; needs of stages not among them count as done. */
  readonly stages: readonly Stage[];
  readonly model: Model;
  readonly executors: Executors;
  readonly reader: FactReader;
  readonly io: Io;
  readonly checks: CheckContext;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly timeline: Timeline;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Takes secrets' values out of a text. */
  readonly redact: (text: string) => string;
  /** What an error that a full disk may have made is judged by; default: this machine's. */
  readonly disks?: () => Promise<readonly Disk[]>;
  readonly timeouts: EngineTimeouts;
  /** Waits for a moment while a stage's server does not listen yet; says whether it had to. */
  readonly opening?: (stage: StageId) => Promise<boolean>;
}

/** Milliseconds. */
export interface EngineTimeouts {
  /** Until a stage's checks must have passed, and what it can't see must be seen. */
  readonly stage: number;
  /** Between two looks at something that starts. */
  readonly look: number;
  /** Until a stage whose checks fail is looked at again. */
  readonly patience: number;
}
