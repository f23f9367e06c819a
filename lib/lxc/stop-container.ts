import { waitFor } from "../wait.ts";
import { type Container, containerState, lxc } from "./container.ts";
import type { Effects } from "./effects.ts";

export interface StopOptions {
  readonly container: Container;
  /** Cut its power instead of asking systemd to shut down. */
  readonly kill?: boolean;
  /** Seconds until a shutdown turns into a kill. Default 120. */
  readonly patience?: number;
}

/** Stops a container; one that doesn't run is left as it is. */
export async function stopContainer(options: StopOptions & Effects): Promise<void> {
  const { container, run, signal, kill = false, patience = 120 } = options;
  if ((await containerState(container, run)) === "STOPPED") return;
  // Exit code 2: it ended by itself in between.
  await lxc(container, run)("lxc-stop", kill ? ["-k"] : ["-t", String(patience)], {
    timeout: (patience + 30) * 1000,
    accept: [0, 2],
    signal,
  });
  await waitFor(async () => (await containerState(container, run)) === "STOPPED", {
    what: `container ${container.name} to stop`,
    timeout: 30_000,
    signal,
  });
}
