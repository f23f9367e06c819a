import { isDeepStrictEqual } from "node:util";
import type { Test } from "tap";
import { guestFiles } from "../../lib/lxc/guest-files.ts";
import type { Machine } from "../container/create-machine.ts";
import { type Identity, identity, refusesOld, secretsFolder, shared } from "../container/identity.ts";
import { secret } from "../container/logins.ts";
import { failedUnits } from "../container/rows/machine.ts";
import { isKept, planIsEmpty } from "../container/rows/reboot.ts";
import { provisioned } from "../container/units.ts";
import type { Situation } from "./draw-round.ts";

/** What a round began from: an instance that came up undisturbed, and data in it. */
export interface Original {
  readonly identity: Identity;
  readonly kept: string;
}

/** The secrets that are there right now, by name. */
export async function secretsNow(machine: Machine): Promise<ReadonlyMap<string, string>> {
  const names = await guestFiles(machine.settings.rootfs).names(secretsFolder);
  const whole = names.filter((name) => !unfinished.test(name));
  return new Map(await Promise.all(whole.map(async (name) => [name, await secret(machine, name)] as const)));
}

/**
 * Proves that a machine, healthy again, is whole: provisioned, nothing left to do, no secret
 * lost or doubled, nothing half made left behind, no data lost.
 *
 * @param before the secrets there were when it was struck
 */
export async function proveWhole(
  t: Test,
  machine: Machine,
  situation: Situation,
  before: ReadonlyMap<string, string>,
  original: Original,
): Promise<void> {
  await provisioned(machine);
  await planIsEmpty(t, machine);
  t.equal(await machine.sh("systemctl is-system-running --wait || true"), "running");
  t.strictSame(await failedUnits(machine), []);
  t.strictSame(await leftovers(machine), [], "nothing half made is left");

  const now = await identity(machine);
  const then = original.identity;
  t.strictSame([...now.secrets.keys()].sort(), [...then.secrets.keys()].sort(), "every secret is there, and no other");
  t.equal(new Set(now.secrets.values()).size, now.secrets.size, "each has a value of its own");
  if (situation === "copy") {
    t.strictSame(shared(then.secrets, now.secrets), [], "no secret is the original's");
    t.strictSame(shared(then.hostKeys, now.hostKeys), [], "nor a host key");
    await refusesOld(t, machine, then);
  } else {
    const changed = [...before].filter(([name, value]) => now.secrets.get(name) !== value).map(([name]) => name);
    t.strictSame(changed, [], "secrets that were made before have their values");
  }
  if (situation === "first") return;
  // Out of sight: a failure must not show a secret.
  if (situation === "later") t.ok(isDeepStrictEqual(now, then), "it is still the same instance");
  t.strictSame([now.system, now.nodes], [then.system, then.nodes], "PostgreSQL's and Redis's ids are the same");
  await isKept(t, machine, original.kept);
}

/** Names that only something half written has. */
const unfinished = /\.[0-9a-f]{12}\.tmp$/;

export async function leftovers(machine: Machine): Promise<string[]> {
  const ours = String.raw`-regextype posix-extended -regex '.*\.[0-9a-f]{12}\.tmp' -o -name '.new-*'`;
  const found = await machine.sh(
    `find /etc /opt /var/lib -xdev ${ours}; find /var/lib/postgresql -name '*.new' -o -name '*.verifier'`,
    { timeout: 120_000 },
  );
  return found === "" ? [] : found.split("\n");
}
