import { isErrno, StackError } from "../../lib/error.ts";

/**
 * Tells what keeps the cache from being written or read.
 *
 * @throws StackError `cache-full`, `cache-forbidden`, `cache-unreadable`; any other error as it is
 */
export function explainDisk(error: unknown, folder: string): never {
  const choose = "XDG_CACHE_HOME=/path/with/space build-template …";
  if (isErrno(error, "ENOSPC", "EDQUOT")) {
    throw new StackError("cache-full", `no space is left for the cache ${folder}`, {
      cause: error,
      hint: `make room, e.g. build-template cache prune --all; or choose another place: ${choose}`,
    });
  }
  if (isErrno(error, "EACCES", "EPERM", "EROFS", "ENOTDIR")) {
    throw new StackError("cache-forbidden", `the cache ${folder} is not this user's to write`, {
      cause: error,
      hint: `sudo chown -R "$USER" ${folder}, where a build by root made it; or choose another place: ${choose}`,
    });
  }
  if (isErrno(error, "EIO")) {
    throw new StackError("cache-unreadable", `the disk fails that holds the cache ${folder}`, {
      cause: error,
      hint: `choose another place: ${choose}`,
    });
  }
  throw error;
}
