import { join } from "node:path";
import { isStackError, StackError } from "../../lib/error.ts";
import type { Run } from "../../lib/run.ts";

/** Debian's archive, which mmdebstrap takes the packages from when it is given no other. */
const archive = "http://mirror.invalid/debian";

/**
 * Gets one small file from the archive as apt itself would, with the proxy that apt is set
 * to, so that an unreachable mirror shows in seconds and not after apt's long retries.
 *
 * @throws StackError `mirror-unreachable`
 */
export async function requireMirror(run: Run, suite: string, work: string, signal: AbortSignal): Promise<void> {
  const url = `${archive}/dists/${suite}/InRelease`;
  const options = [
    "-o",
    "APT::Sandbox::User=root",
    "-o",
    "Acquire::Retries=0",
    "-o",
    "Acquire::http::Timeout=8",
    "-o",
    "Acquire::http::ConnectionAttemptDelayMsec=250",
  ];
  try {
    await run("/usr/lib/apt/apt-helper", [...options, "download-file", url, join(work, "InRelease")], {
      timeout: 20_000,
      signal,
    });
  } catch (error) {
    if (!isStackError(error) || error.code === "aborted") throw error;
    throw new StackError("mirror-unreachable", `Debian's archive can't be reached: ${url}`, {
      detail: error.detail,
      hint: "see that this machine reaches it; a proxy is set by http_proxy=http://HOST:PORT in the environment",
    });
  }
}
