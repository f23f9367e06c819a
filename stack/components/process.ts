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
  /** Files with settings, `NAME=VALUE` a line; a later one wins. */
  readonly settings?: readonly string[];
  /** Secrets that it is lent, each a file in `$CREDENTIALS_DIRECTORY`. */
  readonly credentials?: readonly Credential[];
  /**
   * Its share of the memory in MiB is this variable, for what takes it on the command line: known on
   * the machine only, from a file that the agent writes.
   */
  readonly memoryVariable?: string;
  /** Folders that it writes to, beside those that are made for it. */
  readonly writable: readonly string[];
  /** Made below /run at each start, its own; mode 0750, or what is said. */
  readonly runFolder?: string;
  readonly runFolderMode?: string;
  /** Its folder below /run is kept until it is stopped, over restarts. */
  readonly keepsRunFolder?: true;
  /** Made below /var/log, its own; mode 0750. */
  readonly logFolder?: string;
  /** The TCP port that systemd holds for it, on every address, and hands over as descriptor 3 (sd_listen_fds(3)). */
  readonly socket?: SocketSpec;
  /**
   * `notify`: it says so itself (sd_notify(3)), or with `notifier: "children"` a child does; `started`: once
   * it was begun; `executed`: once its program was found and runs.
   */
  readonly ready: "notify" | "started" | "executed";
  readonly notifier?: "children";
  /** Seconds it may take to be ready; Infinity: as long as it takes. */
  readonly startWithin?: Explained<number>;
  /** Seconds after which it is killed, if it has not said that it lives (sd_watchdog_enabled(3)). */
  readonly watchdog?: number;
  readonly stop?: Explained<StopSpec>;
  /** Run whenever it has ended, in its sandbox. */
  readonly afterStop?: readonly string[];
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
  /** The target that starts it; default multi-user.target. */
  readonly wantedBy?: string;
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

/** A secret by its credential's name (systemd.exec(5)), and the secret behind it. */
export interface Credential {
  readonly name: string;
  readonly secret: string;
  /** Until there is such a secret it is lent a line end alone. */
  readonly orEmpty?: true;
}

export interface SocketSpec {
  /** Its systemd unit. */
  readonly unit: string;
  readonly port: number;
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
  /** It speaks with others than this machine: with members of the cluster, or with any. */
  readonly network?: "members" | "any";
  /** Folders where no program may be run from. */
  readonly noExec?: readonly string[];
  /** Paths that it must not see, whether they are there or not. */
  readonly hidden?: readonly (readonly string[])[];
}
