import { isErrno } from "./error.ts";

/** Whether a process with this pid is there, whoever it belongs to. Signal 0 only asks, also in a sandbox that hides others. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (isErrno(error, "ESRCH")) return false;
    if (isErrno(error, "EPERM")) return true;
    throw error;
  }
}
