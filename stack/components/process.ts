/**
 * A long-running process of a part of the stack, in words that any target can render: a systemd unit, a
 * container. What only systemd can be told stands in the unit's own template.
 */
export interface Process {
  /** Its systemd unit. */
  readonly unit: string;
  /** Name in the journal. */
  readonly logName: string;
  /** What it is, for people. */
  readonly title: string;
  /** Program, by its absolute path, and arguments. */
  readonly command: readonly string[];
  /** User and group, by name; both are called the same. */
  readonly user: string;
  /** Working directory. */
  readonly folder?: string;
  readonly environment?: readonly Variable[];
  /**
   * Its share of the memory in MiB is this variable, for what takes it on the command line: known on
   * the machine only, from a file that the agent writes.
   */
  readonly memoryVariable?: string;
  /** Folders that it writes to, beside those that are made for it. */
  readonly writable: readonly string[];
  /** Made below /run at each start, its own; mode 0750. */
  readonly runFolder?: string;
  /** Made below /var/log, its own; mode 0750. */
  readonly logFolder?: string;
  /** `notify`: it says so itself (sd_notify(3)), or with `notifier: "children"` a child does; `started`: once it runs. */
  readonly ready: "notify" | "started";
  readonly notifier?: "children";
  /** Seconds it may take to be ready; Infinity: as long as it takes. */
  readonly startWithin?: Explained<number>;
  /** Seconds after which it is killed, if it has not said that it lives (sd_watchdog_enabled(3)). */
  readonly watchdog?: number;
  readonly stop?: Explained<StopSpec>;
  /** The signal by which it reads its configuration again. */
  readonly reloadSignal?: string;
  /** Whether one that ended of its own accord, without a fault, is started again too. */
  readonly restart: "on-failure" | "always";
  /** Seconds until then; default 1. */
  readonly restartAfter?: number;
  /** File descriptors. */
  readonly openFiles?: number;
  /** What becomes of it when memory is short. */
  readonly outOfMemory?: Explained<OutOfMemory>;
  readonly sandbox?: ProcessSandbox;
  /** It is started when somebody comes to its socket. */
  readonly activated?: true;
  /** The template of its unit, where the common one won't do, and its variables beside `stack` and `process`. */
  readonly template?: { readonly path: string; readonly data?: Readonly<Record<string, unknown>> };
}

/** A value, and why it is so: a comment above it in what is rendered. */
export interface Explained<T> {
  readonly value: T;
  readonly why?: string;
}

export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly why?: string;
}

export interface StopSpec {
  /** Default SIGTERM. */
  readonly signal?: string;
  /** Whether it tells its children itself. */
  readonly mainOnly?: true;
  /** Seconds until it is killed. */
  readonly within: number;
}

export interface OutOfMemory {
  /** oom_score_adj, -1000 to 1000. */
  readonly adjust: number;
  /** Whether it goes on where one of its children was killed. */
  readonly survives: boolean;
}

export interface ProcessSandbox {
  /** It makes executable memory at run time. */
  readonly jit?: true;
  /** It reads more of /proc than processes; why. */
  readonly wholeProc?: string;
  /** Address families beside UNIX, INET and INET6. */
  readonly families?: string;
  /** It speaks with others than this machine. */
  readonly network?: "any";
}
