import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Test } from "tap";
import { run } from "../../../lib/run.ts";
import { waitFor } from "../../../lib/wait.ts";
import { doctorDocument } from "../../../stack/documents/doctor.ts";
import type { Machine } from "../create-machine.ts";
import { debian, releases } from "../debian.ts";
import { health } from "../health.ts";
import { loadWhile } from "../load.ts";
import { postgresLogin, secret } from "../logins.ts";
import { required, serviceUnit } from "../required.ts";
import { mainPid } from "../units.ts";
import { type UpdateArchive, updateArchive } from "../updates/update-archive.ts";
import { failedUnits } from "./machine.ts";
import { event } from "./postgres.ts";
import { planIsEmpty } from "./reboot.ts";

const postgres = `postgresql-${debian.postgres}`;
/** A library of PostgreSQL's and of the services', a server, and one with a file of settings. */
const library = debian.version === "12" ? "libssl3" : "libssl3t64";
const secured = [library, "libssl-dev", postgres];
const upgraded = [...secured, "logrotate"];

/** Updates of Debian's packages, while the stack works: what is told, what is asked, what goes on. */
export function updateRows(t: Test, machine: Machine): void {
  const { port } = required.agent;
  let archive: UpdateArchive;
  const told = async (code: string) => {
    const headers = { authorization: `Bearer ${await secret(machine, "health.token")}` };
    const look = async () => {
      const { document } = await health(machine, port, "/health/updates", headers);
      return document.components[0]?.code === code ? document : undefined;
    };
    return waitFor(look, { what: `health to tell ${code}`, timeout: 90_000, interval: 500 });
  };
  const doctor = async (...args: string[]) => {
    const options = { accept: [0, 1, 2], timeout: 180_000 };
    const { stdout, stderr } = await machine.exec("stack-agent", ["doctor", "--json", ...args], options);
    const document = doctorDocument.parse(JSON.parse(stdout));
    return { document, stderr, find: (name: string) => document.machine.find((one) => one.name === name) };
  };
  const version = (name: string) => machine.sh(`dpkg-query -W -f '\${Version}' ${name}`);

  t.test("security updates that Debian has are told once the archives were asked", async (t) => {
    archive = await updateArchive(machine);
    await archive.offer("security", "+sec1", secured);
    await archive.offer("main", "+main1", ["logrotate"]);
    await machine.sh("apt-get --quiet update", { timeout: 120_000 });
    const document = await told("security-updates");
    const [[check] = []] = Object.values(document.checks);
    t.match(check, {
      status: "warn",
      observedValue: 3,
      output: /security updates of .*postgresql-\d+.*\(apt full-upgrade\)/,
    });
    t.match(
      (await machine.inside().http({ url: `http://127.0.0.1:${port}/metrics` })).body,
      /^stack_security_updates_pending 3$/m,
    );
  });

  t.test("apt full-upgrade on a terminal, under load, asks nothing, and loses no event", async (t) => {
    await machine.sh("echo '# by hand' >>/etc/logrotate.conf");
    const url = `http://127.0.0.1:${required.services.frontend.port}/health`;
    const namespace = `/proc/${machine.pid()}/ns/net`;
    const appended: string[] = [];
    let going = true;
    const appending = (async () => {
      for (let number = 0; going; number += 1) {
        const id = `upgrade-${number}`;
        const append = { text: "SELECT event_store.append($1, 'one', -1, $2)", values: [id, event(id)] };
        const done = await machine
          .inside()
          .pg({ ...(await postgresLogin(machine)), ...append, timeout: 5_000 })
          .then(
            () => true,
            () => false,
          );
        if (done) appended.push(id);
      }
    })();
    // A terminal of its own, at which nobody sits: a question would wait for ever.
    const upgrade = "script --quiet --return --command 'apt -y full-upgrade' /dev/null </dev/null";
    const { load, result } = await loadWhile({ url, perSecond: 50, seconds: 240, namespace }, () =>
      machine.exec("sh", ["-c", upgrade], { timeout: 200_000, accept: [0, 1, 100] }),
    );
    going = false;
    await appending;
    t.equal(result.code, 0, result.stdout.slice(-2000));
    t.notMatch(result.stdout, /What would you like to do|\*\*\* .* \(Y\/I\/N\/O\/D\/Z\)/);
    for (const name of upgraded) t.match(await version(name), /\+(sec|main)1$/, name);
    t.match(await machine.sh("tail -n 1 /etc/logrotate.conf"), "# by hand", "a changed file stays");
    t.ok(await machine.sh("ls /etc/logrotate.conf.dpkg-dist"), "and the new one lies beside it");
    t.equal(load.failed, 0, `no request to a service was refused: ${JSON.stringify(load)}`);
    const login = await postgresLogin(machine);
    const text =
      "SELECT count(DISTINCT aggregate_type)::int AS found FROM event_store.events WHERE aggregate_type LIKE 'upgrade-%'";
    const { rows } = await machine.inside().pg({ ...login, text });
    t.comment(`${appended.length} events were taken meanwhile`);
    t.ok(appended.length > 5 && Number(rows[0]?.found) >= appended.length, "what was taken is there");
  });

  t.test("after it the stack is whole, and what runs a replaced file is told with what helps", async (t) => {
    const { code } = await machine.exec("stack-agent", ["status", "--wait", "--timeout", "120"], { accept: [0, 2] });
    t.equal(code, 2);
    await planIsEmpty(t, machine);
    t.strictSame(await failedUnits(machine), []);
    await told("restart-needed");
    const { find } = await doctor();
    t.match(find("updates"), { status: "pass", message: /^none, by what the archives said on/ });
    const restarts = find("restarts");
    t.match(restarts, { status: "warn", hint: /stack-agent doctor --fix/ });
    t.match(restarts?.fixes?.at(-1)?.command.join(" "), `systemctl restart`);
    t.ok(
      restarts?.fixes?.at(-1)?.command.includes(serviceUnit("frontend")),
      "a service, whose port is systemd's, is safe",
    );
    t.notOk(restarts?.fixes?.flatMap(({ command }) => command).includes(required.postgres.unit), "a database is not");
  });

  t.test("doctor --fix asks, names what it runs, and mends what is safe", async (t) => {
    const before = await mainPid(machine, serviceUnit("frontend"));
    const nobody = await machine.exec("stack-agent", ["doctor", "--fix"], { accept: [64] });
    t.match(nobody.stderr, /nobody to ask.*\[usage\][\s\S]*doctor --fix --yes/);
    const { document, stderr, find } = await doctor("--fix", "--yes");
    t.match(stderr, /Safe to be run:\n {2}restarts: systemctl [\s\S]*\nrestarts: systemctl restart /);
    t.ok(document.fixed?.some(({ finding }) => finding === "restarts"));
    t.strictSame(
      document.fixed?.filter(({ error }) => error !== undefined),
      [],
    );
    t.not(await mainPid(machine, serviceUnit("frontend")), before);
    t.notMatch(find("restarts")?.message ?? "", "frontend", "what was mended is looked at again");
    for (const { command } of find("restarts")?.fixes ?? []) t.fail(`nothing safe is left: ${command.join(" ")}`);
    await machine.exec("stack-agent", ["status", "--wait"], { accept: [0, 2] });
    await planIsEmpty(t, machine);
  });

  if (process.env.STACK_LONG === "true" && debian === releases["12"]) automaticRows();

  t.test("the archive goes", async () => {
    await archive.close();
  });

  /** Slow, by what is to be downloaded, and of Debian 12, whose archives this host has. */
  function automaticRows(): void {
    t.test("security updates, and no others, are installed by a schedule, and what needs it restarted", async (t) => {
      const folder = await mkdtemp("/var/tmp/stack-unattended-");
      t.teardown(() => rm(folder, { recursive: true, force: true }));
      await run("chmod", ["755", folder]);
      const names = [
        "unattended-upgrades",
        "python3-apt",
        "python-apt-common",
        "python3-dbus",
        "python3-distro-info",
        "distro-info-data",
        "lsb-release",
        "libglib2.0-0",
      ];
      await run("apt-get", ["download", ...names], { cwd: folder, timeout: 300_000 });
      await archive.offerFiles(
        "main",
        (await readdir(folder)).map((name) => join(folder, name)),
      );
      const set = "updates: { security: true }";
      await machine.sh(`echo '${set}' >>/etc/stack-agent/stack.yaml; apt-get -q update; stack-agent provision`, {
        timeout: 300_000,
      });
      await machine.exec("stack-agent", ["status", "--wait"], { accept: [0, 2] });
      await archive.offer("security", "+sec2", [library, "libssl-dev"]);
      await archive.offer("main", "+main2", ["logrotate"]);
      const server = await mainPid(machine, required.postgres.unit);
      // What restarts in the twenty seconds after provisioning is taken for its work.
      await sleep(20_000);
      const ran = await machine.exec("stack-agent", ["job", "run", "updates"], { accept: [0, 1], timeout: 600_000 });
      t.equal(ran.code, 0, ran.stdout + ran.stderr);
      t.match(await version(library), /\+sec2$/, "of the security archive");
      t.match(await version("logrotate"), /\+main1$/, "of no other");
      t.not(
        await mainPid(machine, required.postgres.unit),
        server,
        "a database that ran the file that was replaced was restarted",
      );
      await machine.exec("stack-agent", ["status", "--wait"], { accept: [0, 2] });
      await planIsEmpty(t, machine);
    });
  }
}
