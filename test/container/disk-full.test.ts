/** A disk that is full when a stage writes: a clear error, nothing half made, and once there is room all comes up. */
import { dirname } from "node:path";
import t, { type Test } from "tap";
import { guestFiles } from "../../lib/lxc/guest-files.ts";
import { waitFor } from "../../lib/wait.ts";
import type { StageId } from "../../stack/stage-ids.ts";
import { leftovers, proveWhole, secretsNow } from "../cuts/prove-whole.ts";
import { readProgress } from "../cuts/strike.ts";
import { brokerEval } from "./broker-eval.ts";
import { proofs } from "./healthy.ts";
import { identity } from "./identity.ts";
import { required } from "./required.ts";
import { smallDisk } from "./small-disk.ts";
import { endsHealthy, stackMachine } from "./stack-machine.ts";

t.setTimeout(20 * 60_000);

const MiB = 1024 * 1024;

/** Holds provisioning back until a test lets it go. */
const go = "/run/go";
const hold = "/etc/systemd/system/stack-provision.service.d/hold.conf";

const disk = await smallDisk(t, 4096);
const machine = disk && (await stackMachine(t, { memory: 2048, folder: disk.folder }));
if (disk !== undefined && machine !== undefined) {
  const provision = (...args: readonly string[]) =>
    machine.exec("stack-agent", ["provision", ...args], { accept: [0, 1], timeout: 300_000 });

  /** A stage alone, by hand, on a full disk. */
  const failsFull = async (t: Test, stage: StageId, what: RegExp): Promise<void> => {
    const before = await secretsNow(machine);
    const { code, stderr, stdout } = await provision("--only", stage);
    t.equal(code, 1);
    const failed = (await readProgress(machine))?.stages.find(({ id }) => id === stage);
    t.match(failed, {
      status: "failed",
      error: { code: "disk-full", message: what, hint: /^df -h .*stack-agent provision$/ },
    });
    t.match(failed?.error?.message, /the disk is full: \d+ [KM]iB of [\d.]+ GiB free on \//);
    t.match(stdout + stderr, /hint: +df -h/, "the command tells it too");
    t.strictSame(await leftovers(machine), [], "nothing half made is left");
    const now = await secretsNow(machine);
    t.ok(
      [...before].every(([name, value]) => now.get(name) === value),
      "no secret is lost",
    );
  };

  t.test("the machine boots, and provisioning is held back", async (t) => {
    const guest = guestFiles(machine.settings.rootfs);
    await guest.folder("/etc/systemd/system/stack-provision.service.d", 0o755);
    await guest.write(hold, `[Unit]\nConditionPathExists=${go}\n`);
    await machine.start();
    const show = "systemctl show --property=ConditionTimestampMonotonic,ConditionResult stack-provision";
    await waitFor(async () => /TimestampMonotonic=[1-9]/.test(await machine.sh(show)), {
      what: "systemd to come to stack-provision",
      timeout: 60_000,
    });
    t.match(await machine.sh(show), /^ConditionResult=no$/m);
  });

  t.test("system: no secret can be made", async (t) => {
    await disk.fill(0);
    await failsFull(t, "system", /^system: rememberInstance .*state\.json could not be written: the disk is full/);
    await disk.empty();
    t.equal((await provision("--only", "system")).code, 0, "with room it is done");
  });

  t.test("python: a venv that is not whole can't be made so", async (t) => {
    const stamp = "/opt/stock-analysis/venvs/frontend/requirements.sha256";
    const whole = await machine.sh(`cat ${stamp}; rm ${stamp}`);
    await disk.fill(0);
    await failsFull(t, "python", /^python: makeVenv frontend/);
    await disk.empty();
    // uv would ask its index, and there is no network here.
    await machine.sh(`echo ${whole} >${stamp}`);
  });

  t.test("postgres: no cluster can be made, and none is left half made", async (t) => {
    await disk.fill(20 * MiB);
    await failsFull(t, "postgres", /^postgres: initdb /);
    t.equal(await machine.sh(`ls ${dirname(required.postgres.dataDirectory)}`), "");
  });

  t.test("redis: its nodes can't start", async (t) => {
    await disk.fill(0);
    await failsFull(t, "redis", /^redis: /);
  });

  t.test("rabbitmq: it can't start; where it can, its own alarm at 1 GB is told as that", async (t) => {
    await failsFull(t, "rabbitmq", /^rabbitmq: /);
    await disk.fill(600 * MiB);
    await failsFull(t, "rabbitmq", /^rabbitmq: .*disk-alarm/);
  });

  t.test(
    "rabbitmq: running on after the last byte is gone, it loses its queues; with room it is restarted",
    async (t) => {
      await disk.fill(0);
      const ended = async () =>
        (await brokerEval(machine, "whereis('/stock-analysis_stack-agent-check').")) === "undefined";
      await waitFor(ended, { what: "the queues to end", timeout: 120_000, interval: 500 });
      await disk.empty();
      const { code, stdout, stderr } = await provision("--only", "rabbitmq");
      t.equal(code, 0, stdout + stderr);
      await proofs.rabbitmq(machine);
      // As in a first boot.
      await machine.exec("systemctl", ["stop", "rabbitmq-server"], { timeout: 60_000 });
    },
  );

  t.test("services: what they read can't be written", async (t) => {
    await machine.sh("rm -f /etc/stock-analysis/*.env");
    await disk.fill(0);
    await failsFull(t, "services", /^services: writeFile \/etc\/stock-analysis\//);
  });

  t.test("all at once, as systemd runs it: with room again it all comes up by itself", async (t) => {
    const earlier = (await readProgress(machine))?.startedAt;
    await machine.sh(`touch ${go}; systemctl start --no-block stack-provision`);
    const failed = async () => {
      const now = await readProgress(machine);
      return now?.startedAt !== earlier && now?.state === "failed";
    };
    await waitFor(failed, { what: "provisioning to fail", timeout: 120_000 });
    const before = await secretsNow(machine);
    await disk.empty();
    await endsHealthy(t, machine, performance.now(), "room again");
    await machine.sh(`rm -r ${hold.replace(/\/[^/]*$/, "")}; systemctl daemon-reload`);
    await proveWhole(t, machine, "first", before, { identity: await identity(machine), kept: "" });
  });
}
