import { basename } from "node:path";
import type { Run } from "../../lib/run.ts";
import type { Check } from "./check.ts";
import type { Measured } from "./measure.ts";
import type { MachineTraits } from "./probes/machine.ts";
import type { Trust } from "./signature-check.ts";

export interface VerifyOptions {
  readonly file: string;
  /** Undefined: a signature is not checked. */
  readonly trust?: Trust;
  readonly machine: MachineTraits;
  readonly run: Run;
  readonly signal: AbortSignal;
}

/** What was found of an artefact. */
export interface VerifyReport extends Measured {
  readonly schemaVersion: 1;
  readonly file: string;
  /** Members of the archive that could be read. */
  readonly members: number;
  readonly status: "pass" | "fail";
  readonly checks: readonly Check[];
}

/** The sum of all checks: it fails where one does. */
export function reportOf(file: string, measured: Measured, members: number, checks: readonly Check[]): VerifyReport {
  const status = checks.some(({ state }) => state === "failed") ? "fail" : "pass";
  const { bytes, sha256 } = measured;
  return { schemaVersion: 1, file: basename(file), sha256, bytes, members, status, checks };
}
