import type { Run } from "../run.ts";
import type { Network } from "./network.ts";
import { inNetwork } from "./network.ts";

/** One container of ours on disk; whether it runs is asked, never remembered. */
export interface Container {
  readonly name: string;
  /** liblxc's path: the folder that holds the container's folder. */
  readonly lxcPath: string;
  readonly rootfs: string;
  readonly logFile: string;
  readonly network: Network;
}

export type ContainerState =
  | "STOPPED"
  | "STARTING"
  | "RUNNING"
  | "STOPPING"
  | "ABORTING"
  | "FREEZING"
  | "FROZEN"
  | "THAWED";

/**
 * Runs one of liblxc's programs on a container. Its command socket is an abstract one and so
 * belongs to the network namespace it was made in: only from there a container is seen.
 */
export function lxc(container: Container, run: Run): Run {
  const inside = inNetwork(container.network, run);
  return (command, args, options) =>
    inside(command, ["-P", container.lxcPath, "-n", container.name, ...args], {
      install: "apt-get install lxc uidmap",
      ...options,
    });
}

/** What liblxc says of the container. */
export async function containerState(container: Container, run: Run): Promise<ContainerState> {
  const { stdout } = await lxc(container, run)("lxc-info", ["-s", "-H"]);
  return stdout.trim() as ContainerState;
}

/** The host's pid of the container's init; undefined when it doesn't run. */
export async function initPid(container: Container, run: Run): Promise<number | undefined> {
  const { stdout } = await lxc(container, run)("lxc-info", ["-p", "-H"], { accept: [0, 1] });
  const pid = Number(stdout.trim());
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}
