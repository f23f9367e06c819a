import { silentLog } from "../../../lib/log.ts";
import { createNetwork, destroyNetwork } from "../../../lib/lxc/network.ts";
import { run } from "../../../lib/run.ts";
import { createMachine, type Machine } from "../../container/boot.ts";
import { templateToTest } from "../../container/template.ts";

export interface BenchMachines {
  /** A container of the template, not started. */
  create(): Promise<Machine>;
  /** Takes down all that were made, and their network. */
  close(): Promise<void>;
}

/** @param folder scratch space, removed by the caller */
export function benchMachines(folder: string, signal: AbortSignal): BenchMachines {
  const steps: (() => Promise<unknown>)[] = [];
  const network = createNetworkOnce(folder, signal, steps);
  return {
    create: async () => {
      const template = await templateToTest();
      if (template === undefined) throw new Error("there is no template: bin/build-template, or STACK_TEMPLATE=FILE");
      const cleanup = { signal, add: (step: () => Promise<unknown>) => void steps.push(step) };
      return createMachine({ network: await network(), cleanup }, { template });
    },
    close: async () => {
      for (let step = steps.pop(); step !== undefined; step = steps.pop()) await step().catch(() => {});
    },
  };
}

function createNetworkOnce(folder: string, signal: AbortSignal, steps: (() => Promise<unknown>)[]) {
  let made: ReturnType<typeof createNetwork> | undefined;
  return () => {
    if (made === undefined) {
      made = createNetwork({ folder, run, log: silentLog, signal });
      const network = made;
      steps.push(async () => destroyNetwork({ network: await network, run, log: silentLog }));
    }
    return made;
  };
}
