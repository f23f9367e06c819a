import type { Run } from "../lib/run.ts";
import type { Model, SecretName } from "../stack/model.ts";

/** A component's `agent/cluster.ts`: how its servers stand as members of the cluster. */
export interface ClusterPart {
  /**
   * Asks whichever member answers; a member that none can tell of is `fail`.
   *
   * @returns one line a server, more than one a node where a node has several
   */
  members(look: ClusterLook): Promise<readonly EngineMember[]>;
  /** Has this machine's servers read its new certificate; left out where they do by themselves. Run as root. */
  certificateRenewed?(look: ClusterLook & { readonly run: Run }): Promise<void>;
}

export interface ClusterLook {
  readonly model: Model;
  readonly signal: AbortSignal;
  /** A secret's value. @throws StackError `secret-missing` */
  secret(name: SecretName): Promise<string>;
}

export interface EngineMember {
  /** The node's name in the definition. */
  readonly node: string;
  /** What it is there, a word or two: leader, sync standby, master, replica, running, down. */
  readonly role: string;
  readonly status: "pass" | "warn" | "fail";
  /** How far it is behind, in words: "0 bytes", "12 MB". */
  readonly lag?: string;
  /** Why it doesn't pass; or what of it is worth knowing, e.g. its slots. */
  readonly message?: string;
}
