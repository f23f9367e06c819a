import type { Listener } from "../../lib/listeners.ts";
import type { Run } from "../../lib/run.ts";
import type { FileEntry, Model, SecretName } from "../../stack/model.ts";
import type { Sealed } from "../secrets/sealed.ts";
import type { WantedFile } from "./file-diff.ts";

export interface UnitFacts {
  readonly unit: string;
  /** systemd's LoadState: loaded, not-found, masked … */
  readonly load: string;
  /** systemd's ActiveState: active, inactive, failed, activating … */
  readonly active: string;
  /** systemd's UnitFileState: enabled, disabled, masked, static, generated … */
  readonly enabled: string;
  /** A start job waits in systemd's queue: the unit will start by itself. */
  readonly starting: boolean;
  /** The unit's files changed on disk since systemd read them. */
  readonly needsReload: boolean;
  /** A file of the unit was written by us after its last start: it runs with old configuration. */
  readonly stale: boolean;
  /**
   * Its last start ended before it was ready, and systemd starts it again and again: it is
   * never among the failed ones then, but `activating (auto-restart)`.
   */
  readonly failing?: boolean;
}

export type FileDifference = "missing" | "content" | "mode" | "owner" | "kind";

/** A file of the table, rendered for this machine, and how what is there differs from it. */
export interface FileFacts {
  readonly entry: FileEntry;
  /** Rendered text with secrets' names; "" for folders and links. */
  readonly text: Sealed;
  /** Empty where all is as it should be. */
  readonly differs: readonly FileDifference[];
}

/** Reads facts of a machine, and never changes it. Secrets' values stay inside: it answers equality. */
export interface FactReader {
  readonly run: Run;
  /** All files of a component (build and boot), rendered and compared. */
  files(component: FileEntry["component"], model: Model): Promise<readonly FileFacts[]>;
  /** How what is at the path becomes the file, as a unified diff without a secret's value. */
  diff(file: WantedFile): Promise<string>;
  units(names: readonly string[]): Promise<ReadonlyMap<string, UnitFacts>>;
  /** Installed version of each package, undefined where it is not installed. */
  packages(names: readonly string[]): Promise<ReadonlyMap<string, string | undefined>>;
  /** Who listens on TCP ports. */
  listeners(ports: readonly number[]): Promise<readonly Listener[]>;
  /** Room on the file system of a folder, MiB; undefined where the folder is not there. */
  freeMiB(path: string): Promise<number | undefined>;
  readText(path: string): Promise<string | undefined>;
  /** What a symbolic link holds; undefined where there is none. */
  readLink(path: string): Promise<string | undefined>;
  /** Names of what is in a folder, sorted; none where it is not there. */
  names(folder: string): Promise<readonly string[]>;
  exists(path: string): Promise<boolean>;
  hasSecret(name: SecretName): Promise<boolean>;
  /** Whether a value we were shown (a role's SCRAM verifier, a RabbitMQ hash) is that of the secret. */
  secretMatches(name: SecretName, stored: string): Promise<boolean>;
  /**
   * Calls `use` with a secret for a look that needs a login (a query, an HTTP GET).
   * What comes back must not hold the value.
   */
  withSecret<T>(name: SecretName, use: (value: string) => Promise<T>): Promise<T>;
  /** Memory this machine may use, MiB: the least of MemTotal and the cgroup limits, v1 and v2. */
  memoryMiB(): Promise<number>;
  machineId(): Promise<string | undefined>;
  /** Addresses that this machine has, but for loopback's. */
  addresses(): Promise<readonly string[]>;
}
