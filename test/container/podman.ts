import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Test } from "tap";
import { runName } from "../../lib/lxc/run-name.ts";
import { run } from "../../lib/run.ts";
import { cleanupAfter } from "./cleanup.ts";
import { workFolder } from "./needs.ts";

export interface Podman {
  /** Runs podman. @param input for its standard input @returns its output */
  podman(args: readonly string[], input?: string): Promise<string>;
  /** Runs a command in the network that all containers are on: loopback alone. @returns its output */
  inside(command: readonly string[]): Promise<string>;
  /** Flags of `podman run` that put a container on that network. */
  readonly network: readonly string[];
  /** Of programs that are to find the same images. */
  readonly env: NodeJS.ProcessEnv;
  /** Scratch space, gone with the test. */
  readonly folder: string;
}

const minutes = 60_000;

/** podman with images, containers and a network of its own, which all end with the test. */
export async function startPodman(t: Test): Promise<Podman> {
  await mkdir(workFolder, { recursive: true });
  const folder = await mkdtemp(join(workFolder, "podman-"));
  const cleanup = cleanupAfter(t);
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  const namespace = runName();
  await run("ip", ["netns", "add", namespace]);
  cleanup.add(() => run("ip", ["netns", "delete", namespace]));
  await run("ip", ["-n", namespace, "link", "set", "lo", "up"]);
  const storage = join(folder, "storage.conf");
  const containers = join(folder, "containers.conf");
  await writeFile(
    storage,
    `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/images"\nrunroot = "${folder}/run"\n`,
  );
  await writeFile(
    containers,
    '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n[containers]\nlog_driver = "k8s-file"\n',
  );
  const env = {
    ...process.env,
    ...{ CONTAINERS_STORAGE_CONF: storage, CONTAINERS_CONF: containers },
    // Checks are made by the test, not by timers of systemd's.
    DISABLE_HC_SYSTEMD: "true",
  };
  const podman = async (args: readonly string[], input?: string): Promise<string> => {
    const { stdout } = await run("podman", [...args], {
      ...{ env, timeout: 5 * minutes },
      ...(input !== undefined && { input }),
    });
    return stdout;
  };
  // Mounts of containers and of their storage would keep the folder.
  cleanup.add(() => podman(["system", "reset", "--force"]));
  return {
    ...{ podman, env, folder },
    network: ["--network", `ns:/run/netns/${namespace}`],
    inside: async (command) => (await run("ip", ["netns", "exec", namespace, ...command])).stdout,
  };
}
