import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { run } from "../../../lib/run.ts";
import { waitFor } from "../../../lib/wait.ts";
import { createMachine, type Machine, setUpNetwork } from "../create-machine.ts";

const project = join(import.meta.dirname, "../../..");

export const nodes = { a: "10.1.1.121", b: "10.1.1.122", c: "10.1.1.123" } as const;
export type NodeName = keyof typeof nodes;
export const nodeNames = Object.keys(nodes) as NodeName[];

/** What makes a definition one of a cluster of these three. */
export const clusterSections = `container: { memory: 2048 MiB, network: { address: ${nodes.a}/24, gateway: 10.1.1.1 } }
cluster: { nodes: { ${Object.entries(nodes)
  .map(([name, address]) => `${name}: ${address}`)
  .join(", ")} } }
`;

export type ThreeMachines = Readonly<Record<NodeName, Machine>>;

/** Three containers of one template on one bridge, each with its node's address; none is started. */
export async function threeMachines(t: Test, template: string): Promise<ThreeMachines> {
  const setup = await setUpNetwork(t);
  const made = nodeNames.map((name, index) =>
    createMachine(setup, {
      ...{ template, hostname: `shop-${name}`, memory: 2048, cores: 2, vmid: 150 + index },
      addressing: { kind: "static", address: `${nodes[name]}/24`, gateway: "10.1.1.1" },
    }),
  );
  const [a, b, c] = await Promise.all(made);
  if (a === undefined || b === undefined || c === undefined) throw new TypeError("three were made");
  return { a, b, c };
}

/** @returns the template's path; `STACK_CLUSTER_TEMPLATE` where one was built already */
export async function buildTemplate(t: Test, definition: string): Promise<string> {
  const built = process.env.STACK_CLUSTER_TEMPLATE;
  if (built !== undefined && built !== "") return built;
  const home = await mkdtemp("/var/tmp/stack-cluster-");
  t.teardown(() => rm(home, { recursive: true, force: true }));
  await writeFile(join(home, "stack.yaml"), definition);
  const out = join(home, "dist");
  await mkdir(out);
  await run(join(project, "bin/build-template"), [join(home, "stack.yaml"), "--out", out], {
    cwd: home,
    timeout: 900_000,
    env: { ...process.env, HOME: home, XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache") },
  });
  const names = await readdir(out);
  return join(out, names.find((name) => /\.tar\.(gz|zst)$/.test(name)) ?? "no template");
}

/** A command of the agent's, its exit code among these. */
export function agent(machine: Machine, line: string, accept: readonly number[] = [0], input?: string) {
  const how = { accept, timeout: 120_000, ...(input !== undefined && { input }) };
  return machine.exec("stack-agent", line.split(" "), how);
}

/** Waits until provisioning says so of a stage. @returns the code of its error, or none */
export async function stageIs(machine: Machine, stage: string, status: string, seconds: number): Promise<string> {
  const look = async () => {
    const text = await machine.sh("cat /run/stack-agent/progress.json 2>/dev/null || true");
    const { stages = [] } = (text === "" ? {} : JSON.parse(text)) as {
      readonly stages?: readonly { readonly id: string; readonly status: string; readonly error?: { code: string } }[];
    };
    const found = stages.find(({ id }) => id === stage);
    // One that waits says for what; before its turn it waits, too, and says nothing.
    if (found?.status !== status || (status === "waiting" && found.error === undefined)) return undefined;
    return found.error?.code ?? "none";
  };
  return waitFor(look, { what: `${stage} to be ${status}`, timeout: seconds * 1000, interval: 500 });
}
