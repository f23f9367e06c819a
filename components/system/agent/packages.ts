import { readFile, rm } from "node:fs/promises";
import type { Executors, Io } from "../../../engine/action.ts";
import { isErrno, isStackError, type StackError } from "../../../lib/error.ts";
import { readTextIfAny, writeFileAtomic } from "../../../lib/files.ts";
import { waitFor } from "../../../lib/wait.ts";
import { explainApt } from "./explain-apt.ts";
import { rememberOnHost } from "./remember-host.ts";

export const policyPath = "/usr/sbin/policy-rc.d";
const INSTALL_TIMEOUT = 60 * 60_000;
const LOCK_SECONDS = 300;

/** What apt and dpkg are run with: no questions, and English, as their output is read. */
const quiet = { DEBIAN_FRONTEND: "noninteractive", APT_LISTCHANGES_FRONTEND: "none", LC_ALL: "C.UTF-8" } as const;

/** The files of the table are ours: dpkg keeps them and does not ask. */
const keepConffiles = ["--force-confdef", "--force-confold"];
const options = [
  "--yes",
  "--quiet",
  "--no-install-recommends",
  `--option=DPkg::Lock::Timeout=${LOCK_SECONDS}`,
  "--option=APT::Keep-Downloaded-Packages=false",
  ...keepConffiles.map((option) => `--option=Dpkg::Options::=${option}`),
];

/** apt-get, with its failures in the words of whoever has to mend them. */
export async function aptGet(
  args: readonly string[],
  io: Pick<Io, "run">,
  onLine: (line: string) => void = () => {},
): Promise<string> {
  try {
    const env = { ...process.env, ...quiet };
    const { stdout } = await io.run("apt-get", [...options, ...args], { env, timeout: INSTALL_TIMEOUT, onLine });
    return stdout;
  } catch (error) {
    throw isStackError(error) ? explainApt(error) : error;
  }
}

/**
 * Installs packages, or with none only mends what an interrupted run has left. Those that
 * come along are noted before, so that a reset finds them.
 */
export const installPackages: Executors["installPackages"] = {
  lock: "dpkg",
  describe: ({ packages }) => packages.join(" "),
  async apply({ packages }, io) {
    await withoutStarts(async () => {
      io.tell("packages: mending what an earlier run has left");
      await configureAll(io);
      await aptGet(["--fix-broken", "install"], io);
      if (packages.length === 0) return;
      io.tell("packages: asking for the newest lists of packages");
      // One source of several that fails is no failure yet: what is needed may be in another.
      const lists = await aptGet(["--option=APT::Update::Error-Mode=any", "update"], io).then(
        () => undefined,
        (error: unknown) => error,
      );
      const coming = newPackages(
        await aptGet(["--simulate", "install", "--", ...packages], io).catch((error: unknown) => {
          throw lists ?? error;
        }),
      );
      await rememberOnHost(io.paths.state, ({ packages: known }) => ({
        packages: [...new Set([...known, ...coming])].sort(),
      }));
      await aptGet(["install", "--", ...packages], io, steps(coming.length, io));
    }, io);
  },
};

/** Waits for another one at work, as apt-get does by itself: an orphan of a killed run of ours, or the nightly upgrades. */
async function configureAll(io: Io): Promise<void> {
  const options = { env: { ...process.env, ...quiet }, timeout: INSTALL_TIMEOUT };
  let locked: StackError | undefined;
  const attempt = async () => {
    try {
      await io.run("dpkg", [...keepConffiles, "--configure", "-a"], options);
      return {};
    } catch (error) {
      const explained = isStackError(error) ? explainApt(error) : error;
      if (!isStackError(explained) || explained.code !== "apt-locked") return { failure: explained };
      locked = explained;
      io.tell(`packages: waiting: ${explained.message}`);
      return false;
    }
  };
  const what = "dpkg to be free";
  const wait = { what, timeout: LOCK_SECONDS * 1000, interval: 1000, signal: io.signal };
  const { failure } = await waitFor<{ failure?: unknown }>(attempt, wait).catch((error: unknown) => {
    throw io.signal.aborted ? error : (locked ?? error);
  });
  if (failure !== undefined) throw failure;
}

/** Names in the `Inst NAME (…` lines of a simulation; an upgrade has its old version in brackets before. */
export function newPackages(simulation: string): string[] {
  return [...simulation.matchAll(/^Inst (\S+) \(/gm)].map(([, name = ""]) => name);
}

const stepWords = { "Get:": "downloaded", "Unpacking ": "unpacking", "Setting up ": "setting up" } as const;

/** Tells how far apt is, by the lines it writes of each package. */
function steps(count: number, io: Io): (line: string) => void {
  const done = new Map<string, number>();
  return (line) => {
    for (const [start, word] of Object.entries(stepWords)) {
      if (!line.startsWith(start)) continue;
      const number = (done.get(start) ?? 0) + 1;
      done.set(start, number);
      const text = `packages: ${word} ${number} of ${count}`;
      io.tell(text);
      if (number % 25 === 0) io.log("info", text);
    }
  };
}

/**
 * Packages start their servers with their own configuration, on the ports of ours; not while
 * we install. Units of ours that are written before don't start either, without their
 * configuration: so none does where we are killed and apt goes on.
 */
async function withoutStarts(install: () => Promise<void>, io: Io): Promise<void> {
  const found = await readTextIfAny(policyPath);
  if (found !== undefined && !isOurPolicy(found)) {
    io.log("info", `${policyPath} is there already and is left as it is`);
    await install();
    return;
  }
  await writeFileAtomic(policyPath, policyText(process.pid, await startTime(process.pid)), { mode: 0o755 });
  try {
    await install();
  } finally {
    await rm(policyPath, { force: true });
  }
}

const mark = "# Written by stack-agent while it installs packages; safe to remove.";

/** Whether a policy-rc.d is one of ours: left by a run that was killed, unless one is at work. */
export function isOurPolicy(text: string): boolean {
  return text.includes(mark);
}

/**
 * Debian's invoke-rc.d policy (/usr/share/doc/init-system-helpers/README.policy-rc.d.gz):
 * 101 forbids. Without effect once the process is gone, so that no crash of ours keeps the
 * machine's services down; a later process of the same number began at another time.
 */
export function policyText(pid: number, started: string): string {
  return `#!/bin/sh
${mark}
if [ "$(sed 's/.*) //' /proc/${pid}/stat 2>/dev/null | cut -d' ' -f20)" = "${started}" ]; then exit 101; fi
exit 0
`;
}

/** Field 22 of proc(5)'s stat: clock ticks between the boot and the process's start. */
export async function startTime(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch (error) {
    if (isErrno(error, "ENOENT")) return "";
    throw error;
  }
}
