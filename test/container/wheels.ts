import { chmod, cp, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Test } from "tap";
import { run } from "../../lib/run.ts";
import type { Machine } from "./create-machine.ts";
import { debian } from "./debian.ts";

/** What the services are installed from. */
export const wheelLock = join(import.meta.dirname, "../../services/reference/requirements.lock");

const platforms = ["manylinux2014_x86_64", "manylinux_2_5_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64"];

/** The wheels of the lock for a container's Python ("3.11"), whatever the host has. pip refuses another hash. */
export async function downloadWheels(folder: string, version: string): Promise<void> {
  const pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"];
  const python = [`--python-version=${version}`, "--implementation=cp"];
  const target = [...platforms, "any"].map((platform) => `--platform=${platform}`);
  await run("python3", [...pip, ...python, ...target, "--dest", folder, "--requirement", wheelLock], {
    timeout: 10 * 60_000,
  });
}

/**
 * Puts the wheels of the services' lock into a container, which has no index of its own to
 * ask.
 *
 * @returns uv's environment to install from them, as `NAME=VALUE` words
 */
export async function bringWheels(t: Test, machine: Machine): Promise<string> {
  const folder = await mkdtemp("/var/tmp/stack-wheels-");
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await downloadWheels(folder, debian.python);
  const inside = "/root/wheels";
  const copied = join(machine.settings.rootfs, inside);
  await cp(folder, copied, { recursive: true });
  // Nobody's in the container, which may read it all the same.
  await chmod(copied, 0o755);
  return `UV_OFFLINE=1 UV_NO_INDEX=1 UV_FIND_LINKS=${inside}`;
}
