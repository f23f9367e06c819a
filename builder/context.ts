import type { Log } from "../lib/log.ts";
import type { Run } from "../lib/run.ts";
import type { Model } from "../stack/model.ts";
import type { Templates } from "../stack/render/render.ts";
import type { OwnEntry } from "./trees/own-entry.ts";
import type { TemplateTrees } from "./trees/template-trees.ts";

/** What the builder is asked for, as the command line gives it. */
export interface BuildOptions {
  /** The stack.yaml: its text with settings in it, and the folder that services' sources are relative to. */
  readonly definition: {
    readonly file: string;
    readonly text: string;
    readonly folder: string;
    /** The file's text, and the command line's settings: faults are told by their places. */
    readonly given?: { readonly text: string; readonly set: readonly string[] };
  };
  readonly model: Model;
  readonly out: string;
  readonly format: Format;
  /** Folder of what builds leave for the next. */
  readonly cache: string;
  /** Bytes that the cache may hold after a build. */
  readonly cacheLimit: number;
  /** Builds from what is cached alone. */
  readonly offline: boolean;
  /** All packages are Debian's own, whatever the definition says of where components' may come from. */
  readonly debianOnly?: boolean;
  /** Services' environments are not made: whoever takes the artefact makes them, from the locks. */
  readonly withoutVenvs?: boolean;
  /** Chooses anew what is kept beside the definition. */
  readonly update?: boolean;
  /** Refuses to build what deviates from the definition. */
  readonly strict?: boolean;
  /** The SSH key that signs the template, or a .pub file of one in ssh-agent. */
  readonly sign?: string;
}

export type Format = "gz" | "zst";

/** What every step works with. */
export interface BuildContext extends BuildOptions {
  readonly run: Run;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly root: boolean;
  /** Top of this project: templates, services, agent. */
  readonly project: string;
  /** Scratch space, gone at the end whatever happens. */
  readonly work: string;
  readonly templates: Templates;
  /** Where the templates come from: this project, and the user's folder over it. */
  readonly tree: TemplateTrees;
  /** What the user's own trees add to the container. */
  readonly own: readonly OwnEntry[];
  /** The base layer unpacked, as a chroot to build other layers in: its path. */
  readonly rootfs: () => Promise<string>;
}

/**
 * The time of every file that is newer, and of all that the builder writes: 2025-01-01.
 * A fixed one, so that the same input gives the same bytes.
 */
export const sourceDateEpoch = 1_735_689_600;
