import { dirname } from "node:path";
import { isStackError, StackError } from "../../lib/error.ts";
import { readTextIfAny } from "../../lib/files.ts";
import type { Executors } from "../action.ts";

const CHOWN_TIMEOUT = 30 * 60_000;

/**
 * Gives a data folder and all in it to its server. `chown --recursive` goes from folder to folder
 * by descriptors and follows no link, so nobody can lead it elsewhere; a folder's turn comes after
 * what is in it, so the server takes it only once all is done, and a power cut is noticed.
 *
 * @throws StackError `data-foreign` where an owner is none of this container's ids
 */
export const ownData: Executors["ownData"] = {
  describe: ({ path, owner }) => `${path}, ${owner}`,
  async apply({ path, within, owner }, io) {
    const { uid, gid } = await io.owner(owner);
    const chown = (...args: readonly string[]) =>
      io.run("chown", ["--no-dereference", ...args], { timeout: CHOWN_TIMEOUT, env: { ...process.env, LC_ALL: "C" } });
    try {
      for (let folder = dirname(path); folder.startsWith(`${within}/`); folder = dirname(folder)) {
        await chown(`${uid}:${gid}`, "--", folder);
      }
      await chown("--recursive", `${uid}:${gid}`, "--", path);
    } catch (error) {
      if (!isStackError(error) || error.code !== "command-failed") throw error;
      if (!error.detail.some((line) => /Operation not permitted|Value too large|Invalid argument/.test(line)))
        throw error;
      throw new StackError("data-foreign", `${path} belongs to ids that are not this container's`, {
        hint: `on the node give it to the container: chown -R ${await onNode(uid)}:${await onNode(gid)} VOLUME`,
        detail: error.detail,
        cause: error,
      });
    }
  },
};

/** user_namespaces(7): `INSIDE OUTSIDE COUNT`; a container's ids are one range, from 0. */
async function onNode(id: number): Promise<number> {
  const [inside = 0, outside = 0] = ((await readTextIfAny("/proc/self/uid_map")) ?? "").trim().split(/\s+/).map(Number);
  return id - inside + outside;
}
