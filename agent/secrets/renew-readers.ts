import { accountOwner } from "../../engine/actions/local-io.ts";
import { clearStale, whileStale } from "../../engine/state/stale.ts";
import { messageOf, StackError } from "../../lib/error.ts";
import type { Run } from "../../lib/run.ts";
import type { GivenSecret } from "../../stack/model.ts";
import { replaceCredential } from "./replace-credential.ts";

/** As `SetCredential=` of a service's unit has it where nothing is set. */
const blank = Buffer.from("\n");

/**
 * Changes a secret, and sees that the services that run have it: those that watch its file by that, the
 * others by a restart. Cut off in it, they count as outdated: drift tells of them, and provision
 * restarts them.
 *
 * @param value undefined: none any more
 * @returns what became of the services, a clause
 * @throws StackError `unit-failed`: the secret is changed, a service doesn't come up with it
 */
export async function renewReaders(
  { name, services, restart }: GivenSecret,
  value: Buffer | undefined,
  change: () => Promise<void>,
  { run, runFolder }: { readonly run: Run; readonly runFolder: string },
): Promise<string> {
  const units = services.map(({ unit }) => unit);
  await whileStale(runFolder, units, change);
  const replaced = await Promise.all(
    services.map(async (service) => {
      return !restart && (await replaceCredential(service, name, value ?? blank, { run, owner: accountOwner }));
    }),
  );
  if (services.length === 0) return "stack-agent provision puts it to use";
  const behind = services.filter((_, index) => replaced[index] === false);
  if (behind.length > 0) await restartRunning(name, behind, run);
  for (const unit of units) await clearStale(runFolder, unit);
  const names = (which: GivenSecret["services"]): string => which.map(({ name }) => name).join(", ");
  return behind.length > 0 ? `restarted where they run: ${names(behind)}` : `replaced for ${names(services)}`;
}

async function restartRunning(name: string, services: GivenSecret["services"], run: Run): Promise<void> {
  const units = services.map(({ unit }) => unit);
  // One that doesn't come up, for want of another secret it may be, is begun anew and not waited for.
  const starting = await unitsThatStart(units, run);
  const settled = units.filter((unit) => !starting.includes(unit));
  try {
    if (starting.length > 0) await run("systemctl", ["try-restart", "--no-block", "--", ...starting]);
    if (settled.length > 0) await run("systemctl", ["try-restart", "--", ...settled], { timeout: 5 * 60_000 });
  } catch (cause) {
    throw new StackError("unit-failed", `${name} is changed, but ${units.join(", ")} did not start with it`, {
      cause: messageOf(cause),
      hint: `systemctl status ${units.join(" ")}`,
    });
  }
}

async function unitsThatStart(units: readonly string[], run: Run): Promise<readonly string[]> {
  // 3: one of them is not active.
  const { stdout } = await run("systemctl", ["is-active", "--", ...units], { accept: [0, 1, 3, 4] });
  const states = stdout.trim().split("\n");
  return units.filter((_, index) => states[index] === "activating");
}
