import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readTextIfAny } from "../../../lib/files.ts";
import { run } from "../../../lib/run.ts";

export interface TimedBuild {
  readonly seconds: number;
  /** Most memory that the builder's own process ever held, in MB: Linux's VmHWM. */
  readonly peak: number;
  readonly sha256: string;
  readonly bytes: number;
}

export interface TimedBuildOptions {
  /** Top of the project, or of a copy. */
  readonly project: string;
  readonly out: string;
  /** XDG_CACHE_HOME of the build. */
  readonly cache: string;
  readonly folder: string;
  readonly signal: AbortSignal;
  /** More of its command line. */
  readonly args?: readonly string[];
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const every = 25;

/** `build-template`'s launcher, started to ended, as a user waits for it. */
export async function timedBuild(options: TimedBuildOptions): Promise<TimedBuild> {
  const { project, out, cache, folder, signal, args = [], env = {} } = options;
  const pidFile = join(folder, "pid");
  // The shell, the launcher and Node are one process, one after the other.
  const command = ["-c", 'echo $$ >"$1"; shift; exec "$@"', "sh", pidFile, join(project, "bin/build-template")];
  await rm(pidFile, { force: true });
  const ended = new AbortController();
  const watched = watchPeak(pidFile, ended.signal);
  const start = performance.now();
  try {
    const { stdout } = await run("sh", [...command, ...args, "--out", out, "--json"], {
      timeout: 1_800_000,
      cwd: folder,
      signal,
      env: { ...process.env, XDG_CACHE_HOME: cache, ...env },
    });
    const seconds = (performance.now() - start) / 1000;
    const { document } = JSON.parse(stdout) as { document: { template: { sha256: string; bytes: number } } };
    ended.abort();
    return { seconds, peak: await watched, ...document.template };
  } finally {
    ended.abort();
  }
}

async function watchPeak(pidFile: string, ended: AbortSignal): Promise<number> {
  let peak = 0;
  let pid = "";
  while (!ended.aborted) {
    if (pid === "") pid = (await readTextIfAny(pidFile))?.trim() ?? "";
    // ESRCH: it ended while its file was being read.
    const status = pid === "" ? "" : await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    peak = Math.max(peak, (Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024) / 1e6);
    await sleep(every);
  }
  return peak;
}
