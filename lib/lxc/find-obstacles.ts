import { access, constants, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isErrno, StackError } from "../error.ts";
import { readTextIfAny } from "../files.ts";
import { cgroupLayout } from "./cgroup-layout.ts";
import { allowsMapping, subordinateFiles } from "./subordinate-ids.ts";

/** One thing that keeps containers from running here, and the command that changes it. */
export interface Obstacle {
  readonly message: string;
  readonly fix: string;
}

const TOOLS: Readonly<Record<string, string>> = {
  "lxc-start": "lxc",
  "lxc-attach": "lxc",
  "lxc-info": "lxc",
  "lxc-stop": "lxc",
  "lxc-usernsexec": "lxc",
  newuidmap: "uidmap",
  dnsmasq: "dnsmasq-base",
  ip: "iproute2",
  nsenter: "util-linux",
  "ssh-keygen": "openssh-client",
  tar: "tar",
};

/** Everything that keeps an unprivileged container from running in `folder` on this machine; nothing is changed. */
export async function findObstacles(folder: string): Promise<readonly Obstacle[]> {
  const found = await Promise.all([root(), tools(), cgroups(), subordinateIds(), traversal(folder)]);
  return found.flat();
}

/** @throws StackError `lxc-unavailable`, with one line of `detail` for each obstacle and its fix. */
export async function assertRunnable(folder: string): Promise<void> {
  const obstacles = await findObstacles(folder);
  const [first] = obstacles;
  if (first === undefined) return;
  throw new StackError("lxc-unavailable", "containers can't run on this machine as it is", {
    detail: obstacles.map(({ message, fix }) => `${message}: ${fix}`),
    hint: first.fix,
  });
}

function root(): readonly Obstacle[] {
  if (process.getuid?.() === 0) return [];
  return [{ message: "this needs root", fix: "run it with sudo" }];
}

async function tools(): Promise<readonly Obstacle[]> {
  const names = Object.keys(TOOLS);
  const present = await Promise.all(names.map(isInstalled));
  const missing = names.filter((_, index) => !present[index]);
  if (missing.length === 0) return [];
  const packages = [...new Set(missing.map((name) => TOOLS[name]))].join(" ");
  return [{ message: `missing: ${missing.join(", ")}`, fix: `apt-get install ${packages}` }];
}

async function isInstalled(tool: string): Promise<boolean> {
  for (const folder of (process.env.PATH ?? "").split(":")) {
    const found = await access(join(folder, tool), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

async function cgroups(): Promise<readonly Obstacle[]> {
  if ((await cgroupLayout()) !== undefined) return [];
  return [
    {
      message: "cgroups are not mounted (v2 alone, or v1 with memory, cpuset and name=systemd)",
      fix: "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
    },
  ];
}

async function subordinateIds(): Promise<readonly Obstacle[]> {
  const texts = await Promise.all(subordinateFiles.map(readTextIfAny));
  return subordinateFiles
    .filter((_, index) => !allowsMapping(texts[index] ?? ""))
    .map((path) => ({ message: `${path} has no line for root`, fix: `echo root:100000:65536 >> ${path}` }));
}

/** The container's root is uid 100000 on the host and must get through every folder above its rootfs. */
async function traversal(folder: string): Promise<readonly Obstacle[]> {
  const closed: string[] = [];
  for (let at = resolve(folder); ; at = dirname(at)) {
    const mode = await stat(at).then(
      (found) => found.mode,
      (error: unknown) => {
        // A folder still to be made gets an open mode.
        if (isErrno(error, "ENOENT")) return 0o755;
        throw error;
      },
    );
    if ((mode & 0o001) === 0) closed.push(at);
    if (at === dirname(at)) break;
  }
  return closed.map((path) => ({
    message: `the container's root (uid 100000) can't get through ${path}`,
    fix: `chmod o+x ${path}, or choose another folder`,
  }));
}
