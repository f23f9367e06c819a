import type { RunOptions, RunResult } from "../run.ts";
import { type Container, lxc } from "./container.ts";
import type { Effects } from "./effects.ts";

export interface ExecOptions extends RunOptions {
  readonly container: Container;
  readonly command: string;
  readonly args?: readonly string[];
  /** The command's environment beside PATH, HOME and LANG. */
  readonly variables?: Readonly<Record<string, string>>;
}

const BASE = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LANG: "C.UTF-8",
} as const;

/**
 * Runs a command inside a container as its root, with an environment of its own. Options
 * and errors are `run`'s.
 */
export async function execIn(options: ExecOptions & Pick<Effects, "run" | "signal">): Promise<RunResult> {
  const { container, command, args = [], variables = {}, run, ...rest } = options;
  const environment = Object.entries({ ...BASE, ...variables }).flatMap(([key, value]) => ["-v", `${key}=${value}`]);
  return lxc(container, run)("lxc-attach", ["--clear-env", ...environment, "--", command, ...args], rest);
}
