import type { HandoverOptions, HandoverPart } from "../../engine/agent-part.ts";
import { takeLock } from "../../engine/run/take-lock.ts";
import { messageOf, StackError } from "../../lib/error.ts";
import type { Run } from "../../lib/run.ts";
import type { Model } from "../../stack/model.ts";

/** A timer of systemd's own, in /run: a start of the machine finds none, and all of the stack in service. */
const lease = "stack-handover";

/**
 * Takes the services out of service for a handover.
 *
 * @param seconds after which all is in service again by itself, unless `renewLease` says otherwise; undefined: never
 * @throws StackError `already-running`
 */
export async function standDown({ model, run, signal }: HandoverOptions, seconds: number | undefined): Promise<void> {
  // Not into the middle of provisioning, of an upgrade or a deployment.
  const lock = await takeLock(model.paths.run, run);
  try {
    if (seconds !== undefined) await armLease(seconds, run);
    await run("systemctl", ["stop", ...unitsOf(model)], { signal, timeout: 180_000 });
  } finally {
    await lock.close();
  }
}

/**
 * Puts off the end of the time.
 *
 * @throws StackError `lease-expired` where it was up: the machine is in service, and may have taken what nobody handed over
 */
export async function renewLease(seconds: number, run: Run): Promise<void> {
  const { code } = await run("systemctl", ["is-active", "--quiet", `${lease}.timer`], { accept: [0, 3, 4] });
  if (code !== 0) {
    throw new StackError("lease-expired", "the old container is in service again: its time was up, or it was started", {
      hint: "nothing is lost: replace again",
    });
  }
  await armLease(seconds, run);
}

/** Puts all in service again, whatever of it was taken out. */
export async function standUp(options: HandoverOptions, parts: ReadonlyMap<string, HandoverPart>): Promise<void> {
  const { model, run, log, signal } = options;
  const faults: string[] = [];
  for (const [name, part] of parts) {
    await part.end(options).catch((error: unknown) => {
      faults.push(`${name}: ${messageOf(error)}`);
      log("error", `${name} is not in service again: ${messageOf(error)}`);
    });
  }
  await run("systemctl", ["start", "--no-block", ...unitsOf(model)], { signal });
  await run("systemctl", ["stop", `${lease}.timer`], { accept: [0, 5] });
  if (faults.length > 0) {
    throw new StackError("not-in-service", "not all of the stack is in service again", {
      detail: faults,
      hint: "a start of the container does it too: pct reboot VMID on the node",
    });
  }
}

async function armLease(seconds: number, run: Run): Promise<void> {
  await run("systemctl", ["stop", `${lease}.timer`], { accept: [0, 5] });
  const when = [`--on-active=${seconds}`, "--timer-property=AccuracySec=1s"];
  await run("systemd-run", [
    "--quiet",
    "--collect",
    `--unit=${lease}`,
    ...when,
    "/usr/bin/stack-agent",
    "handover",
    "end",
  ]);
}

/** Sockets first: a service that is asked for would start again. */
function unitsOf({ services }: Model): readonly string[] {
  return [...services.flatMap(({ socket }) => socket ?? []), ...services.map(({ unit }) => unit)];
}
