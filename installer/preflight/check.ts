import type { Wanted } from "../wanted/wanted.ts";
import type { Facts } from "./facts.ts";

/** Something that keeps the container from being made, or that one should know before. */
export interface Finding {
  /** Stable, kebab-case. */
  readonly code: string;
  readonly message: string;
  /** The command or setting that changes it. */
  readonly fix: string;
}

export interface Check {
  readonly name: string;
  /** What stops the deployment. */
  refuse?(facts: Facts, wanted: Wanted): readonly Finding[];
  /** What is only told. */
  warn?(facts: Facts, wanted: Wanted): readonly Finding[];
}

export function finding(code: string, message: string, fix: string): Finding {
  return { code, message, fix };
}
