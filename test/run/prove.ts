import { isStackError, messageOf } from "../../lib/error.ts";
import { type Counts, nothingCounted, type Took } from "./tap-counts.ts";

/** Where a phase says what it does. */
export type Terminal = Pick<NodeJS.WriteStream, "write">;

export interface Prover {
  /** Tells whether a promise was kept: whether its proof threw nothing. @returns what it returned, undefined where it threw */
  prove<T>(promise: string, proof: () => Promise<T>): Promise<T | undefined>;
  /** Of all that were proven so far. */
  counts(): Counts;
}

/** For promises that are no test file's: each is proven, told and counted. */
export function prover(terminal: Terminal): Prover {
  const took: Took[] = [];
  const failures: string[] = [];
  return {
    async prove(promise, proof) {
      const started = Date.now();
      try {
        const result = await proof();
        const seconds = (Date.now() - started) / 1000;
        took.push({ what: promise, seconds });
        terminal.write(`ok - ${promise} # ${seconds.toFixed(1)} s\n`);
        return result;
      } catch (error) {
        const said = [messageOf(error), ...(isStackError(error) ? error.detail : [])];
        terminal.write(`not ok - ${promise}\n${said.map((line) => `  ${line}\n`).join("")}`);
        failures.push(promise);
        return undefined;
      }
    },
    counts: () => ({ ...nothingCounted, passed: took.length, failed: failures.length, failures, took }),
  };
}
