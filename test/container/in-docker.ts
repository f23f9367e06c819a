import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Test } from "tap";
import { run } from "../../lib/run.ts";
import { cleanupAfter } from "./cleanup.ts";
import { workFolder } from "./needs.ts";
import { unpackPackages } from "./unpack-packages.ts";

/** $1: the folder. $2: commands, in which `docker` is the client. Both end with this shell. */
const daemonProgram = `
PATH=$1/root/usr/sbin:$1/root/usr/bin:$PATH
DOCKER_HOST=unix://$1/docker.sock
export PATH DOCKER_HOST
ip link set lo up
dockerd --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/pid" --host "$DOCKER_HOST" \
  --iptables=false --bridge=none >"$1/log" 2>&1 &
for _ in $(seq 120); do
  if docker version >/dev/null 2>&1; then break; fi
  sleep 0.5
done
docker version >/dev/null || { tail -n 20 "$1/log" >&2; exit 1; }
eval "$2"
`;

/**
 * Runs commands beside Debian's Docker, unpacked and not installed: a folder, a network and mounts of its own. Without
 * a bridge: it takes images, and runs no container.
 *
 * @returns their output
 */
export async function inDocker(t: Test, commands: string): Promise<string> {
  await mkdir(workFolder, { recursive: true });
  const folder = await mkdtemp(join(workFolder, "docker-"));
  const cleanup = cleanupAfter(t);
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  await unpackPackages(folder, ["containerd", "docker.io", "runc", "tini"], cleanup.signal);
  const apart = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"];
  const { stdout } = await run("unshare", [...apart, "sh", "-ec", daemonProgram, "sh", folder, commands], {
    timeout: 5 * 60_000,
    signal: cleanup.signal,
  });
  return stdout;
}
