import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { isStackError, StackError } from "../error.ts";
import type { Log } from "../log.ts";
import { retry } from "../retry.ts";
import type { Run, RunResult } from "../run.ts";
import { type AptHints, explainApt, isMirrorTrouble } from "./explain-apt.ts";
import { runApt } from "./run-apt.ts";

/** A program of the host, and the Debian package that brings it. */
export interface HostTool {
  readonly command: string;
  readonly package: string;
  /** Arguments of a call that succeeds only where the tool is whole, e.g. `python3 -m pip --version`. */
  readonly probe?: readonly string[];
  /** Units that the package starts by itself. Only the program is wanted: they are stopped and disabled. */
  readonly units?: readonly string[];
}

export interface HostToolsOptions {
  readonly run: Run;
  readonly log: Log;
  /** Whether packages may be installed: effective uid 0. */
  readonly root: boolean;
  readonly signal?: AbortSignal;
  /** Where programs are looked for. Default: this process's PATH and the sbin folders. */
  readonly path?: string;
  /** Milliseconds between tries; see `retry`. */
  readonly waits?: readonly number[];
}

const sbin = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/**
 * Makes sure that every tool is there. Root installs what is missing from Debian and says
 * so; anyone else is told the exact command.
 *
 * @throws StackError `missing-tool` naming all that is missing at once; what `runApt` does
 *   where apt could not install it after some tries.
 */
export async function ensureTools(tools: readonly HostTool[], options: HostToolsOptions): Promise<void> {
  const missing = await missingTools(tools, options);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((tool) => tool.package))].sort();
  const commands = [...new Set(missing.map((tool) => tool.command))].sort();
  const install = `apt-get install --no-install-recommends ${packages.join(" ")}`;
  if (!options.root || (await find("apt-get", options.path)) === undefined) {
    throw new StackError("missing-tool", `missing on this machine: ${commands.join(", ")}`, {
      hint: `sudo ${install}`,
    });
  }
  options.log("notice", `missing on this machine: ${commands.join(", ")}; installing ${packages.join(" ")}`);
  await retry(() => installPackages(install, options), { ...options, passing: isMirrorTrouble });
  const units = missing.flatMap((tool) => tool.units ?? []);
  const systemctl = units.length > 0 ? await find("systemctl", options.path) : undefined;
  // Nothing is started where systemd isn't at work, and `disable` then says so.
  if (systemctl !== undefined)
    await options.run(systemctl, ["disable", "--quiet", "--now", ...units], { accept: [0, 1] });
  const still = await missingTools(tools, options);
  if (still.length > 0) {
    throw new StackError("missing-tool", `still missing after the install: ${still.map((t) => t.command).join(", ")}`, {
      hint: `sudo ${install}`,
    });
  }
}

/** With a fresh look at the index: the packages' files may not be those any more that it named. */
async function installPackages(install: string, { run, signal }: HostToolsOptions): Promise<void> {
  const hints: AptHints = { instead: `or install it yourself: sudo ${install}`, room: "make room, e.g. apt-get clean" };
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // Tries of apt's own wait in its queue, where apt 2.6 may forget them and hang.
  const apt = (args: readonly string[]): Promise<RunResult> =>
    runApt(run, "apt-get", ["--quiet", "-o", "Acquire::Retries=0", ...args], { timeout: 600_000, env, hints, signal });
  // Some archive of this machine's that is ill doesn't matter, unless the install fails for it.
  const ill = await apt(["update"]).then(
    ({ stderr }) => explainApt(undefined, stderr.split("\n"), hints),
    (error: unknown) => error,
  );
  if (isStackError(ill) && ill.code === "aborted") throw ill;
  await apt(["--yes", "-o", "DPkg::Lock::Timeout=300", ...install.split(" ").slice(1)]).catch((error: unknown) => {
    throw isMirrorTrouble(ill) && isStackError(error) && error.code === "command-failed" ? ill : error;
  });
}

async function missingTools(tools: readonly HostTool[], options: HostToolsOptions): Promise<HostTool[]> {
  const found = await Promise.all(tools.map((tool) => isThere(tool, options)));
  return tools.filter((_, index) => !found[index]);
}

async function isThere(tool: HostTool, options: HostToolsOptions): Promise<boolean> {
  const path = await find(tool.command, options.path);
  if (path === undefined) return false;
  if (tool.probe === undefined) return true;
  try {
    await options.run(path, tool.probe, { timeout: 30_000, ...abort(options.signal) });
    return true;
  } catch (error) {
    if (error instanceof StackError && error.code === "command-failed") return false;
    throw error;
  }
}

/** Where a program is, looked for in PATH and then the sbin folders, which a user's PATH lacks on Debian. */
async function find(command: string, path = process.env.PATH ?? ""): Promise<string | undefined> {
  for (const folder of [...path.split(delimiter), ...(path === process.env.PATH ? sbin : [])]) {
    if (folder === "") continue;
    const candidate = join(folder, command);
    const executable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return candidate;
  }
  return undefined;
}

function abort(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
