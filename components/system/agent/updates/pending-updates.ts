import { readdir, stat } from "node:fs/promises";
import { isErrno } from "../../../../lib/error.ts";
import type { Run } from "../../../../lib/run.ts";
import type { PendingUpdate } from "../../../../stack/documents/updates.ts";

export const listsFolder = "/var/lib/apt/lists";

/** Touched by apt.conf.d/50stack whenever the archives were asked with success, whoever did. */
const askedStamp = "/var/lib/apt/periodic/update-success-stamp";

/** Milliseconds; apt's cache is made anew where its folder may not be written. */
const LONGEST = 120_000;

/** What `apt full-upgrade` would replace, by the lists that are there. Takes seconds of a processor; changes nothing. */
export async function pendingUpdates(run: Run, signal: AbortSignal): Promise<readonly PendingUpdate[]> {
  const args = ["--simulate", "--quiet", "--option=Debug::NoLocking=1", "full-upgrade"];
  const env = { ...process.env, LC_ALL: "C.UTF-8" };
  const { stdout } = await run("apt-get", args, { env, signal, timeout: LONGEST });
  return parseSimulation(stdout);
}

/**
 * Lines `Inst NAME [OLD] (NEW LABEL:VERSION/ARCHIVE, … [ARCH])` of apt-get --simulate: what comes new has no old
 * version. Debian's archive of security updates has the label Debian-Security.
 */
export function parseSimulation(simulation: string): PendingUpdate[] {
  return [...simulation.matchAll(/^Inst (\S+) \[(\S+)\] \((\S+) ([^)]*)\)/gm)].map(
    ([, name = "", installed = "", candidate = "", origins = ""]) => ({
      package: name,
      installed,
      candidate,
      security: /(^|[ ,])Debian-Security:/.test(origins),
    }),
  );
}

/** When the archives were last asked; undefined: never, as in a new container. */
export async function listsAsked(): Promise<Date | undefined> {
  const names = await readdir(listsFolder).catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  });
  if (!names.some((name) => name.includes("_Packages"))) return undefined;
  return (await modified(askedStamp)) ?? (await modified(listsFolder));
}

/** Changes with what pendingUpdates looks at. */
export async function basisOfPending(): Promise<string> {
  const times = await Promise.all([modified("/var/lib/dpkg/status"), modified(listsFolder)]);
  return times.map((time) => time?.getTime() ?? 0).join(":");
}

async function modified(path: string): Promise<Date | undefined> {
  try {
    return (await stat(path)).mtime;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
