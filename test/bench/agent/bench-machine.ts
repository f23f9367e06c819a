import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { StackError } from "../../../lib/error.ts";
import { ensureFolder } from "../../../lib/files.ts";
import { stderrLog as log } from "../../../lib/log.ts";
import { createNetwork, destroyNetwork, type Network, type NetworkOptions } from "../../../lib/lxc/network.ts";
import { ensureSubordinateIds } from "../../../lib/lxc/subordinate-ids.ts";
import { run } from "../../../lib/run.ts";
import { createMachine, type Machine } from "../../container/create-machine.ts";
import { workFolder } from "../../container/needs.ts";
import { bringTools } from "../../run/bring-tools.ts";
import { once } from "../once.ts";

export interface BenchMachines {
  /** A container of the default stack's template, not started; `silent`: where nobody answers DHCP. */
  create(options?: Pick<NetworkOptions, "silent">): Promise<Machine>;
  /** Takes down all that were made, and their network. */
  close(): Promise<void>;
}

/** @param folder where a template is built, unless STACK_TEMPLATE names one */
export function benchMachines(folder: string, signal: AbortSignal): BenchMachines {
  const undo: (() => Promise<unknown>)[] = [];
  const cleanup = { signal, add: (step: () => Promise<unknown>) => void undo.push(step) };
  const prepared = once(async (): Promise<void> => {
    if (process.getuid?.() !== 0) {
      throw new StackError("not-root", "containers are booted by root", { hint: "sudo npm run bench" });
    }
    await bringTools("lxc-start", "newuidmap", "dnsmasq", "ip");
    await ensureSubordinateIds({ log });
    await ensureFolder(workFolder, { mode: 0o755 });
  });
  const network = async (options: Pick<NetworkOptions, "silent"> = {}): Promise<Network> => {
    await prepared();
    const made = await createNetwork({ folder: workFolder, ...options, run, log, signal });
    undo.push(() => destroyNetwork({ network: made, run, log }));
    return made;
  };
  const networks = { talking: once(() => network()), silent: once(() => network({ silent: true })) };
  const template = once(async () => process.env.STACK_TEMPLATE ?? (await build(folder, signal)));
  return {
    create: async ({ silent } = {}) => {
      const site = await (silent ? networks.silent() : networks.talking());
      return createMachine({ network: site, cleanup }, { template: resolve(await template()) });
    },
    close: async () => {
      for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
    },
  };
}

/** @returns the template's path */
async function build(folder: string, signal: AbortSignal): Promise<string> {
  const out = join(folder, "template");
  await run("bin/build-template", ["--format", "zst", "--out", out], {
    cwd: resolve(import.meta.dirname, "../../.."),
    timeout: 1_200_000,
    signal,
  });
  const name = (await readdir(out)).find((file) => file.endsWith(".tar.zst"));
  return join(out, name ?? "");
}
