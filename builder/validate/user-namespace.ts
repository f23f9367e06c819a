import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { isStackError, StackError } from "../../lib/error.ts";
import { readTextIfAny } from "../../lib/files.ts";
import type { Run } from "../../lib/run.ts";
import { inNamespace } from "../namespace.ts";

/** Ids that a Debian system uses: an ordinary user needs as many subordinate ones. */
const needed = 65536;

/**
 * Makes sure that an ordinary user may build: subordinate ids, and user namespaces allowed.
 *
 * @throws StackError `no-subordinate-ids`, `user-namespaces-restricted`, `user-namespaces-fail`
 */
export async function requireUserNamespace(run: Run, signal: AbortSignal): Promise<void> {
  const { username, uid } = userInfo();
  for (const file of ["/etc/subuid", "/etc/subgid"]) {
    if (!hasRange((await readTextIfAny(file)) ?? "", username, uid)) {
      throw new StackError("no-subordinate-ids", `${file} gives ${username} no ${needed} subordinate ids`, {
        hint: `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}   (or run the build as root)`,
      });
    }
  }
  const restricted = await readFile("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "utf8").catch(() => "0");
  const allowed = await readFile("/proc/sys/kernel/unprivileged_userns_clone", "utf8").catch(() => "1");
  try {
    await inNamespace(run, ["true"], { timeout: 20_000, signal });
  } catch (error) {
    if (!isStackError(error) || error.code === "aborted") throw error;
    const setting =
      restricted.trim() === "1"
        ? "kernel.apparmor_restrict_unprivileged_userns=0"
        : allowed.trim() === "0"
          ? "kernel.unprivileged_userns_clone=1"
          : undefined;
    if (setting === undefined) {
      throw new StackError("user-namespaces-fail", "this user can't make a user namespace", {
        detail: error.detail,
        hint: "run the build as root",
      });
    }
    throw new StackError("user-namespaces-restricted", "this kernel refuses user namespaces to ordinary users", {
      detail: error.detail,
      hint: `sudo sysctl -w ${setting}   (or run the build as root)`,
    });
  }
}

/** Whether /etc/subuid's text gives a user one range of at least 65536 ids. */
export function hasRange(text: string, user: string, uid: number): boolean {
  return text
    .split("\n")
    .map((line) => line.split(":"))
    .some(([name, , count]) => (name === user || name === String(uid)) && Number(count) >= needed);
}
