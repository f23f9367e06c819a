import type { Test } from "tap";
import type { NodeBy } from "../node-by.ts";

export interface Promised {
  readonly promise: string;
  /** Left out: all three. */
  readonly ways?: typeof remote;
  readonly keep: (t: Test, by: NodeBy) => Promise<void>;
}

/** What is about a connection: the node itself has none. */
export const remote = "api and ssh";

/** How a deployment on paper ends when all went well. */
export const asFarAsPaperGoes = { code: "no-address" };

/** Containers that were begun. */
export function creations(by: NodeBy): number {
  return by.asked(/^POST \/nodes\/pve1\/lxc$/);
}

/** What changed the node. */
export function writes(by: NodeBy): number {
  return by.asked(/^(POST|PUT|DELETE|pvesm) /);
}
