import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Network } from "../../lib/lxc/network.ts";
import type { Served } from "../node/serve.ts";
import type { Cleanup } from "./cleanup.ts";
import { workFolder } from "./needs.ts";

interface RealNodeOptions {
  readonly network: Network;
  readonly cleanup: Cleanup;
  /** Holds what the node itself has. */
  readonly folder: string;
}

/** A stand-in for a node, whose containers are real ones, as a process of its own in the network that they are in. */
export async function realNode({ network, cleanup, folder }: RealNodeOptions) {
  const serve = join(import.meta.dirname, "../node/serve.ts");
  const args = [serve, folder, workFolder, JSON.stringify(network)];
  const child = spawn("nsenter", [`--net=${network.namespace}`, process.execPath, "--no-warnings", ...args], {
    stdio: ["pipe", "pipe", "inherit"],
    // Ctrl-C is for the test, which then ends it in order.
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  cleanup.add(async () => {
    child.stdin.end();
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? "null");
  const served = (await next()) as Served;
  const tell = async (command: string): Promise<unknown> => {
    child.stdin.write(`${command}\n`);
    return next();
  };
  return {
    ...{ served, pid: child.pid },
    /** What was carried out since it was last asked. */
    requests: async () => (await tell("requests")) as string[],
    /** As somebody in the web interface would. */
    stop: (vmid: number) => tell(`stop ${vmid}`),
    forget: () => tell("forget"),
    /** It answers as that version of Proxmox VE does from now on. */
    version: (version: string) => tell(`version ${version}`),
    /** The next request like this is refused. */
    refuse: (request: string) => tell(`refuse ${request}`),
    /** Containers that it makes from now on lie over that folder, in which the template is extracted. */
    over: (extracted: string) => tell(`over ${extracted}`),
    /** Where a container lies; null where there is none. */
    container: async (vmid: number) =>
      (await tell(`container ${vmid}`)) as { readonly lxcPath: string; readonly name: string } | null,
  };
}
