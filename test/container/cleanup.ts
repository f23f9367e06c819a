import type { Test } from "tap";
import { describeError } from "../../lib/error.ts";

export interface Cleanup {
  /** Aborted when the test is interrupted. */
  readonly signal: AbortSignal;
  /** Registers a step; steps run last first, each whatever became of the others. */
  add(step: () => Promise<unknown>): void;
}

/** Takes down what a test set up: when its file ends, however it went, and on SIGINT or SIGTERM. */
export function cleanupAfter(t: Test): Cleanup {
  const steps: (() => Promise<unknown>)[] = [];
  const controller = new AbortController();
  let failed = false;
  const clean = async (): Promise<void> => {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      await step().catch((error: unknown) => {
        failed = true;
        process.stderr.write(`${describeError(error)}\n`);
      });
    }
  };
  const interrupted = (name: NodeJS.Signals): void => {
    // What the interrupt makes fail must not end the process before all is taken down.
    process.on("uncaughtException", () => {});
    controller.abort(name);
    void clean().then(() => process.exit(name === "SIGINT" ? 130 : 143));
  };
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted);
  t.teardown(async () => {
    await clean();
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    if (failed) throw new Error("cleaning up failed; see above");
  });
  return { signal: controller.signal, add: (step) => void steps.push(step) };
}
