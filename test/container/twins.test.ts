/**
 * Containers that Proxmox makes of one another and whose machine-id does not tell, or that it
 * gives keys to: clones of one that was never started, and a backup restored beside its original.
 * Values are compared out of sight: a failure must not show a secret.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Machine } from "./create-machine.ts";
import { identity, refusesOld, shared } from "./identity.ts";
import { isKept, keep, planIsEmpty } from "./rows/reboot.ts";
import { becomesHealthy, stackMachine } from "./stack-machine.ts";
import { provisioned } from "./units.ts";

t.setTimeout(20 * 60_000);

const addressing = { kind: "dhcp" } as const;

const original = await stackMachine(t, { memory: 2048, vmid: 120 });
if (original !== undefined) {
  const clones: Machine[] = [];

  t.test("clones of a container that was never started share no host key, and none with it", async (t) => {
    const created = await createdKeys(original);
    t.equal(created.length, 3, "Proxmox made keys when it created the container");
    for (const vmid of [121, 122]) {
      clones.push(await original.copy({ hostname: `clone-${vmid}`, addressing, vmid, machineId: "none" }));
    }
    const keys: string[][] = [];
    for (const clone of clones) {
      await becomesHealthy(t, clone, await clone.start(), "a clone's first boot");
      const { hostKeys } = await identity(clone);
      t.strictSame(await shownKeys(clone), [...hostKeys.values()].sort(), "its sshd shows its own");
      t.equal(hostKeys.size, 3, "of every kind that was there");
      keys.push([...hostKeys.values()]);
      await planIsEmpty(t, clone);
    }
    const all = [...keys.flat(), ...created];
    t.equal(new Set(all).size, all.length, "all are different");
    await clones[1]?.destroy();
  });

  t.test("a boot later the keys are the same", async (t) => {
    const [clone] = clones;
    if (clone === undefined) return t.fail("there is no clone");
    const { hostKeys } = await identity(clone);
    await becomesHealthy(t, clone, await clone.reboot(), "second boot");
    t.strictSame(shared((await identity(clone)).hostKeys, hostKeys), [...hostKeys.keys()]);
  });

  t.test("restored with another number and card beside its original it makes secrets and keys anew", async (t) => {
    const [clone] = clones;
    if (clone === undefined) return t.fail("there is no clone");
    const before = await identity(clone);
    const kept = await keep(clone);
    await clone.stop();
    const twin = await clone.copy({ hostname: "twin", addressing, vmid: 123, machineId: "kept" });
    await becomesHealthy(t, twin, await twin.start(), "the twin's first boot");
    await provisioned(twin);
    const after = await identity(twin);
    t.equal(after.machine, before.machine, "its machine-id is the original's");
    t.strictSame(shared(before.secrets, after.secrets), [], "no secret is shared");
    t.strictSame(shared(before.hostKeys, after.hostKeys), [], "nor a host key");
    t.ok(after.cookie !== before.cookie, "nor the Erlang cookie");
    t.strictSame(await shownKeys(twin), [...after.hostKeys.values()].sort(), "its sshd shows the new ones");
    await refusesOld(t, twin, before);
    await isKept(t, twin, kept);
    await planIsEmpty(t, twin);
    await twin.destroy();
  });

  t.test("restored under its own number, or with its own card, it stays itself", async (t) => {
    const [clone] = clones;
    if (clone === undefined) return t.fail("there is no clone");
    const same = await clone.copy({ hostname: "same", addressing, vmid: 121, machineId: "kept", shared: true });
    await becomesHealthy(t, same, await same.start(), "its first boot with another card");
    await provisioned(same);
    await planIsEmpty(t, same);
    const state = await same.sh("cat /var/lib/stack-agent/state.json");
    t.match(JSON.parse(state), { copiedFrom: [], place: { guest: "121" } });
  });
}

/** Public keys that lie in a container that has not run. */
async function createdKeys(machine: Machine): Promise<string[]> {
  const types = ["ed25519", "ecdsa", "rsa"];
  const texts = types.map((type) =>
    readFile(join(machine.settings.rootfs, `etc/ssh/ssh_host_${type}_key.pub`), "utf8"),
  );
  return (await Promise.all(texts)).map((text) => text.split(" ")[1] ?? "");
}

async function shownKeys(machine: Machine): Promise<string[]> {
  const lines = (await machine.sh("ssh-keyscan -T 10 127.0.0.1 2>/dev/null")).split("\n");
  // OpenSSH 10 says there what it asks whom.
  return lines.flatMap((line) => (line.startsWith("#") ? [] : (line.split(" ")[2] ?? []))).sort();
}
