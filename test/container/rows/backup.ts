import { join } from "node:path";
import type { Test } from "tap";
import { run } from "../../../lib/run.ts";
import { waitFor } from "../../../lib/wait.ts";
import { backupsDocument, restoreDocument } from "../../../stack/documents/backups.ts";
import type { Machine } from "../create-machine.ts";
import { freeze } from "../freeze.ts";
import { health } from "../health.ts";
import { secret } from "../logins.ts";
import { planIsEmpty } from "./reboot.ts";
import { runbookRow } from "./runbook.ts";

export interface BackupRowsOptions {
  readonly database: string;
  readonly agentPort: number;
  /** Target of the definition. */
  readonly target: string;
  readonly stanza: string;
  /** A shell line that appends an event through a service, and ends with 0 once that is acknowledged. */
  readonly append: string;
  /** Another container of the same template, not started. */
  readonly another: () => Promise<Machine>;
}

/** Backups: made, proven, restored under load; what is refused; what is cut off; copies and fresh containers. */
export async function backupRows(t: Test, machine: Machine, options: BackupRowsOptions): Promise<void> {
  const { database, agentPort, target, stanza, append, another } = options;
  const agent = (on: Machine, ...args: string[]) =>
    on.exec("stack-agent", args, { accept: [0, 1, 2, 3, 64], timeout: 180_000 });
  const sql = (on: Machine, text: string, name = database) =>
    on.sh(`runuser -u postgres -- psql -XAtq -d ${name} -c "${text}"`);
  const list = async (on: Machine) =>
    backupsDocument.parse(JSON.parse((await agent(on, "backup", "ls", "--json")).stdout));
  const events = async (on: Machine): Promise<string[]> =>
    (await sql(on, "select event_id from event_store.events order by global_position")).split("\n").filter(Boolean);
  const state = async (on: Machine) => (await health(on, agentPort, "/health/backup")).document.components[0];
  const becomes = (on: Machine, status: string, code: string) =>
    waitFor(async () => (await state(on))?.status === status && (await state(on))?.code === code, {
      what: `backup to be ${status} (${code})`,
      timeout: 90_000,
      interval: 500,
    });
  const refused = async (t: Test, code: string, ...args: string[]): Promise<void> => {
    const there = "ls -A /var/lib/postgresql/*; ls /var/lib/stack-agent/restore.json 2>/dev/null || true";
    const before = await machine.sh(there);
    const { stdout } = await agent(machine, "restore", "--yes", "--json", ...args);
    t.equal((JSON.parse(stdout) as { code: string }).code, code, `${args.join(" ")}: ${stdout.slice(0, 300)}`);
    t.equal(await machine.sh(there), before, "nothing is left");
  };
  let repository = "";
  let first: readonly string[] = [];

  await t.test("backup: the first boot makes the repository, and a full backup into it", async (t) => {
    const found = await waitFor(
      async () => {
        const found = await list(machine);
        return found.backups.length > 0 && found;
      },
      { what: "the first backup", timeout: 60_000, interval: 500 },
    );
    repository = found.repository ?? "";
    t.match(found, { place: target, encrypted: true, backups: [{ type: "full" }] });
    const whole = await waitFor(async () => (await list(machine)).backups.at(-1)?.parts, {
      what: "the rest of the stack to be in it",
      timeout: 60_000,
      interval: 500,
    });
    t.strictSame(whole, ["definition", "redis"], "nothing else was there yet");
    t.match(repository, new RegExp(`^${target}/${stanza}-[0-9a-f]{12}$`));
    await becomes(machine, "pass", "ok");
    t.equal(await machine.sh(`stat -c '%a %U' ${repository}`), "750 postgres");
    t.equal(await machine.sh("stat -c '%a %U:%G' /etc/pgbackrest/conf.d/repository.conf"), "640 root:postgres");
    const { stdout } = await agent(machine, "job", "ls");
    t.match(stdout, /^backup-full .*\nbackup-differential .*\nbackup-check /m);
    await planIsEmpty(t, machine);
  });

  await t.test("backup: under load the database comes back as it was at a moment, to the event", async (t) => {
    const loop = `while :; do ${append} && date -u +%s.%N >>/root/acknowledged; sleep 0.02; done`;
    await machine.exec("systemd-run", ["--quiet", "--unit=load", "sh", "-c", loop]);
    await machine.sh("until [ $(wc -l </root/acknowledged) -gt 20 ]; do sleep 0.2; done");
    const made = await agent(machine, "backup", "now", "--type", "differential");
    t.match(made, { code: 0, stdout: /: a differential backup of / });
    const seen = Number(await machine.sh("wc -l </root/acknowledged"));
    await machine.sh(`until [ $(wc -l </root/acknowledged) -gt ${seen + 20} ]; do sleep 0.2; done`);
    const moment = Number(await machine.sh("date -u +%s.%N"));
    const acknowledged = (await machine.sh("cat /root/acknowledged"))
      .split("\n")
      .filter((at) => Number(at) < moment).length;
    const others =
      Number(await sql(machine, "select count(*) from event_store.events")) -
      Number(await machine.sh("wc -l </root/acknowledged"));
    await machine.sh(`until [ $(wc -l </root/acknowledged) -gt ${seen + 50} ]; do sleep 0.2; done`);
    const before = await events(machine);
    const begun = Number(
      await sql(machine, `select count(*) from event_store.events where created_at <= to_timestamp(${moment})`),
    );
    const to = new Date(moment * 1000).toISOString();
    const done = await agent(machine, "restore", "--to", to, "--yes", "--json");
    t.equal(done.code, 0, done.stderr);
    const restored = restoreDocument.parse(JSON.parse(done.stdout));
    const came = restored.events ?? 0;
    t.comment(`${came} of ${before.length} events, ${acknowledged} acknowledged before ${to}, ${restored.seconds} s`);
    const after = await events(machine);
    t.strictSame(after.slice(0, came), before.slice(0, came), "they are the first ones, in their order");
    t.ok(came >= acknowledged + Math.min(0, others), "none is missing that was acknowledged before");
    t.ok(came <= begun, "and none is there that was begun after");
    t.ok(came < before.length);
    await machine.sh(
      "seen=$(wc -l </root/acknowledged); until [ $(wc -l </root/acknowledged) -gt $((seen + 5)) ]; do sleep 0.2; done",
      { timeout: 30_000 },
    );
    await machine.sh("systemctl stop load.service");
    t.match(await machine.sh(`ls ${restored.before ?? "missing"}`), "PG_VERSION", "the database before it is kept");
    await machine.sh(`rm -r ${restored.before ?? "/nothing"}`);
    await agent(machine, "status", "--wait");
    await planIsEmpty(t, machine);
    await becomes(machine, "pass", "ok");
  });

  await t.test(
    "backup: what was written since is archived on, and the newest backup is proven by the job",
    async (t) => {
      const ran = await agent(machine, "job", "run", "backup-check");
      t.match(ran, { code: 0 }, await machine.sh("journalctl --no-pager -o cat -u stack-job@backup-check -n 20"));
      t.match((await agent(machine, "doctor", "--json")).stdout, /"name": "backups",\s+"status": "pass"/);
      const found = await list(machine);
      t.ok(
        found.backups.some(({ proven }) => proven !== undefined),
        JSON.stringify(found.backups),
      );
      first = await events(machine);
      t.equal(await machine.sh("ls /var/lib/postgresql/*"), "main", "nothing of it stays");
      t.match(await machine.sh("curl -s localhost:8000/metrics"), /^stack_backup_age_seconds \d/m);
    },
  );

  // A job whose turn came while the database was being put back has failed, until its next.
  runbookRow(t, machine, "Back up and restore", { accept: [0, 2] });

  await t.test("backup: a target that is away is told at once, stops no writing, and is caught up with", async (t) => {
    await machine.sh(`mv ${repository} ${repository}.away`);
    await sql(machine, "select pg_switch_wal()", "postgres");
    await becomes(machine, "warn", "archive-failing");
    t.equal((await machine.exec("sh", ["-c", append])).code, 0, "events are taken");
    t.match(await agent(machine, "backup", "now", "--json"), { code: 1, stdout: /"code": ?"repository-missing"/ });
    t.equal(await machine.sh(`ls -d ${repository} 2>/dev/null || true`), "", "no other is made in its place");
    await agent(machine, "provision");
    t.equal(await machine.sh(`ls -d ${repository} 2>/dev/null || true`), "", "by provision neither");
    await machine.sh(`mv ${repository}.away ${repository}`);
    await sql(machine, "select pg_switch_wal()", "postgres");
    await becomes(machine, "pass", "ok");
    first = await events(machine);
  });

  await t.test("backup: what can't be restored is refused, and nothing is touched", async (t) => {
    const copy = "/var/backups.copy";
    await machine.sh(`cp -a ${target} ${copy}`);
    const inCopy = repository.replace(target, copy);
    await refused(t, "repository-missing", "--from", "/nowhere");
    await refused(t, "time-not-covered", "--to", "2020-01-01T00:00:00Z");
    const pgbackrest = `cd / && runuser -u postgres -- pgbackrest --stanza=${stanza}`;
    await machine.sh(`${pgbackrest} --type=incr --annotation=migration=999999 backup`);
    await refused(t, "repository-newer");
    const [newer] = (await list(machine)).backups;
    await machine.sh(`${pgbackrest} --set=${newer?.label} expire`);
    await machine.sh("echo Aa0000000000000000000000000000000000000000 >/root/other.key");
    await refused(t, "repository-missing", "--key", "/root/other.key");
    await machine.sh(
      `cp -a ${inCopy} ${copy}/foreign && mv ${copy}/foreign/backup/${stanza} ${copy}/foreign/backup/shop`,
    );
    await refused(t, "foreign-repository", "--from", `${copy}/foreign`);
    await machine.sh(`cp -a ${inCopy} ${copy}/incomplete && find ${copy}/incomplete/archive -name '0000*-*' -delete`);
    await refused(t, "backup-unusable", "--from", `${copy}/incomplete`);
    await machine.sh(
      `cp -a ${inCopy} ${copy}/damaged && for f in $(find ${copy}/damaged/backup -path '*bundle*' -type f); do printf x | dd of=$f bs=1 seek=4000 conv=notrunc status=none; done`,
    );
    await refused(t, "repository-damaged", "--from", `${copy}/damaged`);
    await machine.sh(`rm -r ${copy}`);
    t.match(await agent(machine, "restore", "--to", "tomorrow"), { code: 64, stderr: /is no moment/ });
    t.match(await agent(machine, "restore"), { code: 64, stderr: /there is nobody to ask/ });
    t.strictSame(await events(machine), first);
  });

  await t.test("backup: a restore that is cut off is forgotten, or ended", async (t) => {
    await machine.sh(
      "systemd-run --quiet --unit=cut -p KillMode=control-group stack-agent restore --yes; until ls -d /var/lib/postgresql/*/main.restored/base 2>/dev/null; do sleep 0.05; done; systemctl kill -s KILL cut.service",
    );
    t.match(await machine.sh("cat /var/lib/stack-agent/restore.json"), /"phase":"apart"/);
    t.equal((await agent(machine, "provision")).code, 0);
    t.equal(
      await machine.sh("ls /var/lib/postgresql/*; ls /var/lib/stack-agent/restore.json 2>/dev/null || true"),
      "main",
    );
    // Between its two renames: what is there then is all on the disk, and nothing is at its place.
    const folder = await machine.sh("dirname /var/lib/postgresql/*/main");
    const switching = {
      schemaVersion: 1,
      phase: "switch",
      label: "x",
      before: `${folder}/main.before`,
      foreign: false,
    };
    await machine.sh(
      `systemctl stop 'postgresql@*'; cp -a ${folder}/main ${folder}/main.restored; mv ${folder}/main ${folder}/main.before; cat >/var/lib/stack-agent/restore.json`,
      { input: JSON.stringify(switching) },
    );
    t.equal((await agent(machine, "provision")).code, 0);
    t.equal(await machine.sh("ls /var/lib/postgresql/*"), "main\nmain.before");
    await machine.sh(`rm -r ${folder}/main.before`);
    t.strictSame(await events(machine), first);
    await planIsEmpty(t, machine);
  });

  // A minute, and what follows boots more containers: `npm run test:long`.
  if (process.env.STACK_LONG !== "true") return;

  await t.test("backup: what waits for too long is given up, loudly, and writing goes on", async (t) => {
    await machine.sh(`mv ${repository} ${repository}.away`);
    // A file that nothing was written to is not ended.
    const write = async (): Promise<void> => {
      await sql(machine, "select pg_logical_emit_message(true, 'test', 'x')", "postgres");
      await sql(machine, "select pg_switch_wal()", "postgres");
    };
    await write();
    await becomes(machine, "warn", "archive-failing");
    for (let count = 0; count < 2; count += 1) await write();
    await becomes(machine, "fail", "archive-full");
    t.equal((await machine.exec("sh", ["-c", append])).code, 0, "events are taken");
    const isGivenUp = async (): Promise<boolean> => {
      await write();
      return (await machine.exec("test", ["-e", "/var/spool/pgbackrest/gap"], { accept: [0, 1] })).code === 0;
    };
    await waitFor(isGivenUp, { what: "what waits to be given up", timeout: 90_000, interval: 3_000 });
    t.not((await state(machine))?.status, "pass");
    t.equal((await machine.exec("sh", ["-c", append])).code, 0, "and still");
    await machine.sh(`mv ${repository}.away ${repository}`);
    await write();
    await becomes(machine, "warn", "archive-gap");
    t.match(await agent(machine, "backup", "now"), { code: 0 }, "a backup ends it");
    await write();
    await becomes(machine, "pass", "ok");
    first = await events(machine);
  });

  await t.test(
    "backup: a target that is full half-way keeps what was there, and takes the next once there is room",
    async (t) => {
      const before = (await list(machine)).backups.map(({ label }) => label);
      const inside = `${repository}/backup`;
      await machine.sh(
        `size=$(du -sm ${inside} | cut -f1); cp -a ${inside} /root/backup.kept
         mount -t tmpfs -o size=$((size + 101))m tmpfs ${inside} && cp -a /root/backup.kept/. ${inside} && chown postgres:postgres ${inside}
         fallocate -l 100M ${inside}/filler`,
      );
      try {
        const full = await agent(machine, "backup", "now", "--json");
        t.match(full, { code: 1, stdout: /"code": ?"disk-full"/ }, full.stdout);
        t.strictSame(
          (await list(machine)).backups.map(({ label }) => label),
          before,
          "all that was there is",
        );
        t.equal((await machine.exec("sh", ["-c", append])).code, 0, "events are taken");
        await machine.sh(`rm ${inside}/filler`);
        t.match(await agent(machine, "backup", "now"), { code: 0 });
        t.equal((await list(machine)).backups.length, before.length + 1);
      } finally {
        await machine.sh(
          `rm -r /root/backup.kept; cp -a ${inside} /root/backup.kept && umount ${inside} && cp -a /root/backup.kept/. ${inside} && rm -r /root/backup.kept`,
        );
      }
    },
  );

  await t.test(
    "backup: a disk that fills while a restore is at work: nothing is changed, and it goes again",
    async (t) => {
      const data = "/var/lib/postgresql";
      const move = (from: string, to: string) => `cp -a ${from}/. ${to}`;
      const before = await events(machine);
      await machine.sh(
        `systemctl stop 'postgresql@*'; cp -a ${data} /root/data.kept; size=$(du -sm ${data} | cut -f1)
       mount -t tmpfs -o size=$((2 * size + 320))m tmpfs ${data}; ${move("/root/data.kept", data)}`,
      );
      t.equal((await agent(machine, "provision")).code, 0);
      const fill = `until ls -d ${data}/*/main.restored/base; do sleep 0.02; done; dd if=/dev/zero of=${data}/fill bs=1M`;
      await machine.exec("systemd-run", ["--quiet", "--unit=fill", "sh", "-c", fill]);
      const full = await agent(machine, "restore", "--yes", "--json");
      const there = await machine.sh(`ls ${data} ${data}/*; ls /var/lib/stack-agent/restore.json || true`);
      await machine.sh(`systemctl stop fill.service; rm -f ${data}/fill`);
      t.match(full, { code: 1, stdout: /"code": ?"disk-full"/ }, full.stdout + full.stderr);
      t.match(full.stdout, /nothing was changed; make room/);
      t.match(there, /^fill$/m, "it was full");
      t.notMatch(there, /restored|before|restore.json/, "nothing is left of it");
      await agent(machine, "status", "--wait", "--timeout", "90");
      t.strictSame(await events(machine), before);
      const done = await agent(machine, "restore", "--yes", "--json");
      t.equal(done.code, 0, done.stderr);
      t.strictSame(await events(machine), before, "with room it is restored");
      await machine.sh(
        `systemctl stop 'postgresql@*'; rm -r /root/data.kept ${data}/*/main.before*; cp -a ${data} /root/data.kept
       umount ${data}; rm -r ${data}/*; ${move("/root/data.kept", data)}; rm -r /root/data.kept`,
      );
      t.equal((await agent(machine, "provision")).code, 0);
      await agent(machine, "status", "--wait", "--timeout", "90");
      await planIsEmpty(t, machine);
      first = await events(machine);
    },
  );

  await t.test(
    "vzdump of a stack under load, restored under another number beside it, is one of its own",
    async (t) => {
      const baseline = (await events(machine)).length;
      await machine.sh("rm -f /root/acknowledged; touch /root/acknowledged");
      const loop = `while :; do ${append} && echo one >>/root/acknowledged; sleep 0.02; done`;
      await machine.exec("systemd-run", ["--quiet", "--unit=load", "sh", "-c", loop]);
      await machine.sh("until [ $(wc -l </root/acknowledged) -gt 50 ]; do sleep 0.2; done");
      // As vzdump does where the storage has no snapshots: nothing runs while the files are read.
      const thaw = await freeze(machine);
      const dump = await machine
        .copy({ hostname: "dumped", addressing: { kind: "dhcp" }, vmid: 131, machineId: "kept" })
        .finally(thaw);
      await machine.sh("systemctl stop load.service");
      await dump.start();
      await agent(dump, "status", "--wait", "--timeout", "90");
      const acknowledged = Number(await dump.sh("wc -l </root/acknowledged"));
      const found = (await events(dump)).length;
      t.comment(`${acknowledged} acknowledged, ${found - baseline} there`);
      t.ok(acknowledged > 50 && found >= baseline + acknowledged, "every acknowledged event is there");
      t.not(await secret(dump, "backup.key"), await secret(machine, "backup.key"), "it has a key of its own");
      t.not(await secret(dump, "postgres.app"), await secret(machine, "postgres.app"), "and passwords");
      await waitFor(async () => (await list(dump)).backups.length > 0, {
        what: "its own backup",
        timeout: 60_000,
        interval: 500,
      });
      t.not((await list(dump)).repository, repository);
      await sql(dump, "select pg_switch_wal()", "postgres");
      await becomes(dump, "pass", "ok");
      await planIsEmpty(t, dump);
      await dump.destroy();
      first = await events(machine);
    },
  );

  if (process.env.STACK_LONG === "true")
    await t.test(
      "vzdump's stop mode: the container is shut down, read and started again; both are healthy",
      async (t) => {
        await machine.sh("rm -f /root/acknowledged; touch /root/acknowledged");
        const loop = `while :; do ${append} && echo one >>/root/acknowledged; sleep 0.02; done`;
        const baseline = (await events(machine)).length;
        await machine.exec("systemd-run", ["--quiet", "--unit=load", "sh", "-c", loop]);
        await machine.sh("until [ $(wc -l </root/acknowledged) -gt 50 ]; do sleep 0.2; done");
        await machine.stop();
        const dump = await machine.copy({
          hostname: "stopped",
          addressing: { kind: "dhcp" },
          vmid: 132,
          machineId: "kept",
        });
        await machine.start();
        await agent(machine, "status", "--wait", "--timeout", "90");
        await dump.start();
        await agent(dump, "status", "--wait", "--timeout", "90");
        const acknowledged = Number(await dump.sh("wc -l </root/acknowledged"));
        const found = (await events(dump)).length;
        t.comment(`${acknowledged} acknowledged, ${found - baseline} there`);
        t.ok(acknowledged > 50 && found >= baseline + acknowledged, "every acknowledged event is there");
        t.not(await secret(dump, "postgres.app"), await secret(machine, "postgres.app"), "it has passwords of its own");
        await planIsEmpty(t, dump);
        await planIsEmpty(t, machine);
        await dump.destroy();
        first = await events(machine);
      },
    );

  await t.test("backup: a copy never archives into its original's repository", async (t) => {
    const key = await secret(machine, "backup.key");
    await machine.sh("sync");
    await machine.stop();
    const copy = await machine.copy({ hostname: "copied", addressing: { kind: "dhcp" } });
    const host = join(copy.container.rootfs, repository);
    const files = async () =>
      (await run("sh", ["-c", `cd ${host} && find . -type f -exec md5sum {} + | sort -k2`])).stdout;
    const before = await files();
    await copy.start();
    await agent(copy, "status", "--wait", "--timeout", "90");
    await waitFor(async () => (await list(copy)).backups.length > 0, {
      what: "the copy's own backup",
      timeout: 60_000,
      interval: 500,
    });
    await sql(copy, "select pg_switch_wal()", "postgres");
    await becomes(copy, "pass", "ok");
    t.not((await list(copy)).repository, repository);
    t.not(await secret(copy, "backup.key"), key, "it has a key of its own");
    t.equal(await files(), before, "not a file of the original's is another one");
    t.strictSame(await events(copy), first);
    await copy.destroy();
  });

  await t.test("backup: a fresh container gets a lost one's database by one command", async (t) => {
    const fresh = await another();
    await fresh.start();
    await agent(fresh, "status", "--wait", "--timeout", "90");
    const lost = join(machine.container.rootfs, repository);
    await run("cp", ["-a", lost, join(fresh.container.rootfs, target)]);
    const key = (await run("cat", [join(machine.container.rootfs, "var/lib/stack-agent/secrets/backup.key")])).stdout;
    const done = await fresh.exec("stack-agent", ["restore", "--key", "-", "--yes", "--json"], {
      input: key,
      timeout: 180_000,
    });
    const restored = restoreDocument.parse(JSON.parse(done.stdout));
    t.comment(`restored in ${restored.seconds} s`);
    t.equal(restored.repository, repository);
    // The last ones may not have been archived when it stopped.
    const found = await events(fresh);
    t.strictSame(found, first.slice(0, found.length));
    t.equal(found.length, restored.events);
    t.ok(found.length > first.length - 5, `${found.length} of ${first.length}`);
    await agent(fresh, "status", "--wait");
    t.equal((await fresh.exec("sh", ["-c", append])).code, 0, "its services write");
    await waitFor(async () => (await list(fresh)).backups.length > 1, {
      what: "its own backup",
      timeout: 60_000,
      interval: 500,
    }).catch(async (error: unknown) => {
      t.comment(await fresh.sh("stack-agent backup ls; journalctl --no-pager -o cat -u 'stack-job@backup-full' -n 40"));
      throw error;
    });
    t.not((await list(fresh)).repository, repository, "and it goes on with a repository of its own");
    await becomes(fresh, "pass", "ok");
    await planIsEmpty(t, fresh);
    await fresh.destroy();
  });
}
