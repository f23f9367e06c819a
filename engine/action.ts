import type { Log } from "../lib/log.ts";
import type { Run } from "../lib/run.ts";
import type { SecretName } from "../stack/model.ts";
import type { Sealed } from "./secrets/sealed.ts";

/**
 * Every action there is and what it is given: one line an action. These are any stage's; a component
 * adds what only its own stages do, by a declaration in its `agent/actions.ts`.
 */
export interface ActionArgs {
  makeSecret: { name: SecretName; units: readonly string[] };
  renewSecret: { name: SecretName; units: readonly string[] };
  makeDirectory: { path: string; mode: number; owner: string; units?: readonly string[] };
  writeFile: { path: string; mode: number; owner: string; text: Sealed; units?: readonly string[] };
  linkFile: { path: string; target: string };
  reloadUnits: Record<string, never>;
  enableUnits: { units: readonly string[] };
  disableUnits: { units: readonly string[] };
  maskUnits: { units: readonly string[] };
  startUnits: { units: readonly string[]; wait: boolean };
  restartUnits: { units: readonly string[]; wait: boolean };
  /**
   * `lost`: what isn't there any more. With `names` it is these that go, of the path's folder and
   * where they are there: into one folder with the path's name and the date.
   */
  setAside: { path: string; lost: string; names?: readonly string[] };
  cutFile: { path: string; bytes: number; lost: string };
  stopUnits: { units: readonly string[] };
  unmaskUnits: { units: readonly string[] };
  removeFile: { path: string };
  removeFolders: { paths: readonly string[] };
  removeTree: { path: string };
  ownData: { path: string; within: string; owner: string };
}

export type ActionName = keyof ActionArgs;

/**
 * One thing to do, why, and with what. Holds no secret's value: it can be printed. `diff` are
 * lines of what is there, `- …`, and what will be, `+ …`, where that says more than `why`.
 */
export type Action<K extends ActionName = ActionName> = {
  readonly [P in K]: Readonly<{ do: P; why: string; args: ActionArgs[P]; diff?: readonly string[] }>;
}[K];

/** How each action is carried out; the mapped type makes a missing one a type error. */
export type Executors = {
  readonly [K in ActionName]: {
    /** Actions with the same lock never run at once, e.g. "dpkg", "systemd". */
    readonly lock?: string;
    /** Neighbours of this kind run at once: none of them depends on another. */
    readonly together?: true;
    /** The units that it names run with something older than what is there, once it is done. */
    readonly outdates?: true;
    /** What stands for `args` in a plan, one line, no secret. */
    readonly describe: (args: ActionArgs[K]) => string;
    readonly apply: (args: ActionArgs[K], io: Io) => Promise<void>;
  };
};

/** What executors act through. Only here do secrets have values. */
export interface Io {
  readonly run: Run;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Says how far a long action is: beside its name in the progress, and as a line of the log now and then. */
  readonly tell: (text: string) => void;
  /** A secret's value. @throws StackError `secret-missing`. */
  secret(name: SecretName): Promise<string>;
  /** A sealed text with the values in their places. */
  unseal(text: Sealed): Promise<string>;
  /** Makes a secret's value where there is none; never replaces one. */
  makeSecret(name: SecretName): Promise<void>;
  /** Puts a new value in the place of the secret's old one, where there is one. */
  renewSecret(name: SecretName): Promise<void>;
  /** uid and gid of `user:group`. @throws StackError `no-such-user`. */
  owner(owner: string): Promise<{ uid: number; gid: number }>;
  readonly paths: { readonly state: string; readonly run: string };
}
