import { StackError } from "../../lib/error.ts";

/**
 * @param userId of this process; undefined where the system has none
 * @throws StackError `not-root`
 */
export function requireRoot(command: string, userId: number | undefined): void {
  if (userId === 0) return;
  throw new StackError("not-root", `stack-agent ${command} must be run as root`, {
    hint: `sudo stack-agent ${command}; stack-agent status needs no root`,
  });
}
