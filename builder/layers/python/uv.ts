import { chmod, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { StackError } from "../../../lib/error.ts";
import type { Run } from "../../../lib/run.ts";
import { resource } from "../../resource.ts";
import { explainIndex } from "./explain-index.ts";

/** The lock of uv itself: version and sha256 of its wheel. */
export const uvLock = resource("layers/python/uv.lock.txt");

/** The version a uv lock pins. */
export function uvVersion(lock: string): string {
  const version = /^uv==(\S+)/m.exec(lock)?.[1];
  if (version === undefined) throw new StackError("bad-lock", "the lock of uv names no version");
  return version;
}

/**
 * Gets the pinned uv from PyPI with the host's pip, which heeds the host's index, proxy and
 * certificate settings, and refuses another hash.
 *
 * @param platform of the container, not of this machine
 * @returns the path of the uv binary
 * @throws StackError as `explainIndex`
 */
export async function fetchUv(run: Run, folder: string, platform: string, signal: AbortSignal): Promise<string> {
  const wheels = join(folder, "wheels");
  await mkdir(wheels, { recursive: true });
  const pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"];
  await run("python3", [...pip, "--platform", platform, "--dest", wheels, "--requirement", uvLock], {
    timeout: 180_000,
    signal,
    env: { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: "1" },
  }).catch(explainIndex);
  const wheel = (await readdir(wheels)).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw new StackError("no-wheel", "pip brought no wheel of uv");
  await run("python3", ["-m", "zipfile", "--extract", join(wheels, wheel), join(folder, "wheel")], { signal });
  const data = (await readdir(join(folder, "wheel"))).find((name) => name.endsWith(".data"));
  if (data === undefined) throw new StackError("no-wheel", `${wheel} holds no programs`);
  const uv = join(folder, "wheel", data, "scripts", "uv");
  // zipfile gives every member the mode of the day.
  await chmod(uv, 0o755);
  return uv;
}
