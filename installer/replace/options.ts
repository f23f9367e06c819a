import type { Progress } from "../../lib/progress/progress.ts";
import type { Patience } from "../flow/deploy.ts";
import type { Node } from "../node/node.ts";
import type { NodeShell } from "../transports/node-shell.ts";
import type { Wanted } from "../wanted/wanted.ts";

/** A node, as itself and as its root. */
export interface Opened {
  readonly node: Node;
  readonly shell: NodeShell;
}

export interface ReplaceOptions extends Opened {
  /** Opens it anew, also where all else was stopped: a failure is undone by it. */
  readonly reopen: () => Promise<Opened>;
  /** The new container; its network and host name are the old one's. */
  readonly wanted: Wanted;
  readonly from: number;
  readonly plan: boolean;
  /** The definition, where both were changed. */
  readonly definition?: "template" | "old" | undefined;
  /** A new container that failed is stopped, not deleted. */
  readonly keep: boolean;
  readonly patience: Patience;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Told after a failure what is left. */
  readonly onLeft: (text: string) => void;
}

/** How far it is, and so what a failure has to take back. */
export interface Reached {
  isMade: boolean;
  isOut: boolean;
  isSwitched: boolean;
}

/** A container's, key by key. */
export type Config = Readonly<Record<string, unknown>>;

/** Seconds that the old one is out of service at the most without a word from here. */
export const LEASE = 300;
