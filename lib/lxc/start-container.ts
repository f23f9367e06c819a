import { isStackError, StackError } from "../error.ts";
import { readTextIfAny } from "../files.ts";
import { tail } from "../run.ts";
import { waitFor } from "../wait.ts";
import { type Container, containerState, initPid, lxc } from "./container.ts";
import type { Effects } from "./effects.ts";

/**
 * Starts a container and returns once its init runs.
 *
 * @returns the host's pid of its init.
 * @throws StackError `start-failed` (`detail`: the errors in liblxc's log).
 */
export async function startContainer(options: { readonly container: Container } & Effects): Promise<number> {
  const { container, run, signal } = options;
  const earlier = (await readTextIfAny(container.logFile))?.length ?? 0;
  try {
    await lxc(container, run)("lxc-start", ["-d", "-o", container.logFile, "-l", "INFO"], { signal });
    return await waitFor(
      async () => {
        const state = await containerState(container, run);
        return state === "RUNNING" ? await initPid(container, run) : undefined;
      },
      { what: `container ${container.name} to run`, timeout: 30_000, interval: 20, signal },
    );
  } catch (error) {
    if (!isStackError(error) || !["command-failed", "timeout"].includes(error.code)) throw error;
    const log = ((await readTextIfAny(container.logFile)) ?? "").slice(earlier);
    const faults = log.split("\n").filter((line) => / ERROR /.test(line));
    throw new StackError("start-failed", `container ${container.name} does not start`, {
      cause: error,
      detail: faults.length > 0 ? faults.slice(0, 10) : tail(log, 10),
      hint: `read ${container.logFile}`,
    });
  }
}
