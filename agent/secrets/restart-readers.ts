import { clearStale, whileStale } from "../../engine/state/stale.ts";
import { messageOf, StackError } from "../../lib/error.ts";
import type { Run } from "../../lib/run.ts";
import type { GivenSecret } from "../../stack/model.ts";

/**
 * Changes a secret, and starts the services anew that run with the one before: those that run.
 * Cut off in it, they count as outdated: drift tells of them, and provision restarts them.
 *
 * @throws StackError `unit-failed`: the secret is changed, a service doesn't come up with it
 */
export async function restartReaders(
  { name, units }: GivenSecret,
  change: () => Promise<void>,
  { run, runFolder }: { readonly run: Run; readonly runFolder: string },
): Promise<void> {
  await whileStale(runFolder, units, change);
  try {
    await run("systemctl", ["try-restart", "--", ...units], { timeout: 5 * 60_000 });
  } catch (cause) {
    throw new StackError("unit-failed", `${name} is changed, but ${units.join(", ")} did not start with it`, {
      cause: messageOf(cause),
      hint: `systemctl status ${units.join(" ")}`,
    });
  }
  for (const unit of units) await clearStale(runFolder, unit);
}
