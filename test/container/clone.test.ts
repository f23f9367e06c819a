/**
 * A copied container is an instance of its own; a renamed one, or one with another address,
 * stays itself. Values are compared out of sight: a failure must not show a secret.
 */
import { isDeepStrictEqual } from "node:util";
import t from "tap";
import type { Machine } from "./create-machine.ts";
import { type Identity, identity, refusesOld, shared } from "./identity.ts";
import { failedUnits } from "./rows/machine.ts";
import { isKept, keep, planIsEmpty } from "./rows/reboot.ts";
import { becomesHealthy, stackMachine } from "./stack-machine.ts";

t.setTimeout(20 * 60_000);

const gateway = "10.1.1.1";
const statePath = "/var/lib/stack-agent/state.json";

const machine = await stackMachine(t, { memory: 2048 });
if (machine !== undefined) {
  let kept = "";
  let before: Identity;
  let copy: Machine | undefined;

  t.test("the original is healthy, and is stopped to be copied", async (t) => {
    await becomesHealthy(t, machine, await machine.start(), "first boot");
    await planIsEmpty(t, machine);
    // Proxmox makes host keys of every type when it creates a container.
    await machine.sh("ssh-keygen -A");
    kept = await keep(machine);
    before = await identity(machine);
    t.equal(before.hostKeys.size, 3);
    await machine.stop();
  });

  t.test("a copy, renamed and with another address, makes every secret and host key anew", async (t) => {
    copy = await machine.copy({ hostname: "renamed", addressing: fixed("10.1.1.121") });
    await machine.start();
    await becomesHealthy(t, copy, await copy.start(), "first boot of a copy, its original running");
    t.equal(await copy.sh("systemctl is-system-running --wait || true"), "running");
    t.strictSame(await failedUnits(copy), []);
    t.equal(await copy.sh("hostname"), "renamed");
    t.equal(await copy.address(), "10.1.1.121");
    const after = await identity(copy);
    t.not(after.machine, before.machine);
    t.strictSame(shared(before.secrets, after.secrets), [], "no secret is shared");
    t.strictSame(shared(before.hostKeys, after.hostKeys), [], "nor a host key");
    t.ok(after.cookie !== before.cookie, "nor the Erlang cookie");
    await planIsEmpty(t, copy);
    const state = JSON.parse(await copy.sh(`cat ${statePath}`)) as Readonly<Record<string, unknown>>;
    t.match(state, { machineId: after.machine, copiedFrom: [before.machine] });
  });

  t.test("it keeps its data, PostgreSQL's system identifier and Redis's node ids", async (t) => {
    if (copy === undefined) return t.fail("there is no copy");
    const after = await identity(copy);
    t.strictSame(after.system, before.system);
    t.strictSame(after.nodes, before.nodes);
    await isKept(t, copy, kept);
  });

  t.test("the original's passwords, token and host keys are refused by it", async (t) => {
    if (copy === undefined) return t.fail("there is no copy");
    await refusesOld(t, copy, before);
  });

  t.test("its SSH server shows the new keys", async (t) => {
    if (copy === undefined) return t.fail("there is no copy");
    const shown = (await copy.sh("ssh-keyscan -T 10 127.0.0.1 2>/dev/null"))
      .split("\n")
      // OpenSSH 10 says there what it asks whom.
      .filter((line) => !line.startsWith("#"))
      .map((line) => line.split(" ")[2]);
    const keys = [...(await identity(copy)).hostKeys.values()];
    t.strictSame(shown.sort(), keys.sort());
  });

  t.test("the original, running beside it, is as it was", async (t) => {
    await planIsEmpty(t, machine);
    t.ok(isDeepStrictEqual(await identity(machine), before), "secrets, keys and ids are the same");
    await isKept(t, machine, kept);
    await machine.stop({ kill: true });
    await copy?.destroy();
  });

  t.test("a container that is only renamed and moved to another address stays itself", async (t) => {
    Object.assign(machine.settings, { hostname: "moved", network: fixed("10.1.1.123") });
    await becomesHealthy(t, machine, await machine.start(), "boot under another name and address");
    t.equal(await machine.sh("hostname"), "moved");
    t.equal(await machine.address(), "10.1.1.123");
    t.ok(isDeepStrictEqual(await identity(machine), before), "secrets, keys and ids are the same");
    await planIsEmpty(t, machine);
  });
}

function fixed(address: string) {
  return { kind: "static", address: `${address}/24`, gateway } as const;
}
