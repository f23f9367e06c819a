import { chmod, cp, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Test } from "tap";
import { run } from "../../lib/run.ts";
import type { Machine } from "./boot.ts";

const lock = join(import.meta.dirname, "../../services/reference/requirements.lock");
const platforms = ["manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64"];

/**
 * Puts the wheels of the services' lock into a container, which has no index of its own to
 * ask. The host's pip gets them, and refuses another hash.
 *
 * @returns uv's environment to install from them, as `NAME=VALUE` words
 */
export async function bringWheels(t: Test, machine: Machine): Promise<string> {
  const folder = await mkdtemp("/var/tmp/stack-wheels-");
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"];
  const target = ["--python-version", "3.11", ...platforms.flatMap((platform) => ["--platform", platform])];
  await run("python3", [...pip, ...target, "--dest", folder, "--requirement", lock], { timeout: 300_000 });
  const inside = "/root/wheels";
  const copied = join(machine.settings.rootfs, inside);
  await cp(folder, copied, { recursive: true });
  // Nobody's in the container, which may read it all the same.
  await chmod(copied, 0o755);
  return `UV_OFFLINE=1 UV_NO_INDEX=1 UV_FIND_LINKS=${inside}`;
}
