/**
 * The stack of a container that runs is upgraded to a release that is built of a later state of this project: under
 * write load, back by itself, killed and cut off at its worst moment, refused. The template may be of an earlier
 * commit: STACK_TEMPLATE.
 */
import { cp, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import t, { type Test } from "tap";
import { idMap } from "../../lib/lxc/id-map.ts";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { stackReleasesDocument, upgradeDocument } from "../../stack/documents/stack-release.ts";
import { buildNextRelease, type NextProject, nextMigration, nextVersion } from "./build-next-release.ts";
import { answers } from "./health.ts";
import { shellBlocks } from "./pct-create.ts";
import { required, serviceQueue } from "./required.ts";
import { superuser } from "./rows/postgres.ts";
import { planIsEmpty } from "./rows/reboot.ts";
import { smallService } from "./small-service.ts";
import { becomesHealthy, endsHealthy, stackMachine } from "./stack-machine.ts";
import { mainPid } from "./units.ts";
import { lostOf, writeWhile } from "./write-while.ts";

t.setTimeout(15 * 60_000);

const long = process.env.STACK_LONG === "true";
const { port } = required.services["event-bus"];
const definition = "/etc/stack-agent/stack.yaml";

const machine = await stackMachine(t);
if (machine !== undefined) {
  let next: NextProject;
  t.teardown(() => next?.remove());
  const stackAgent = (...words: readonly string[]) =>
    machine.exec("stack-agent", words, { accept: [0, 1, 2, 64, 128, 130, 143], timeout: 300_000 });
  const upgrade = (...words: readonly string[]) => stackAgent("upgrade", ...words);
  const inForce = () => machine.sh("basename $(readlink /opt/stack-agent/current)");
  const said = async (): Promise<string> =>
    (await machine.inside().http({ url: `http://127.0.0.1:${port}/health` })).body;
  const bring = async (file: string): Promise<string> => {
    const at = join(machine.settings.rootfs, "root", basename(file));
    await cp(file, at);
    await run("chown", [`${idMap.base}:${idMap.base}`, at]);
    return `/root/${basename(file)}`;
  };
  const migrations = async () =>
    (
      await machine.inside().pg({
        ...(await superuser(machine)),
        database: required.postgres.database,
        text: "SELECT name FROM stack_agent.migrations ORDER BY version DESC LIMIT 1",
      })
    ).rows[0]?.name;
  /** All that an upgrade may change. */
  const state = () =>
    machine.sh(
      "cd / && readlink opt/stack-agent/current opt/stock-analysis/services/*/current" +
        ` && sha256sum ${definition} etc/motd && ls opt/stack-agent/releases opt/stock-analysis/services/*/releases` +
        " && { cat var/lib/stack-agent/releases.json; ls -A etc/next.conf var/lib/stack-agent/trial; ls -d run/stack-upgrade; } 2>&1 || true",
    );
  /** The commands of the runbook's section, the block of that number, as they stand there. */
  const runbook = async (t: Test, number: number): Promise<readonly string[]> => {
    const page = await readFile("docs/operations.md", "utf8");
    const section = page.split(/^## /m).find((part) => part.startsWith("Upgrade the stack\n")) ?? "";
    const commands = shellBlocks(section, "sh container")[number]?.split("\n") ?? [];
    t.ok(commands.length > 1, "the runbook has commands");
    const said: string[] = [];
    for (const command of commands) {
      said.push(await machine.sh(command, { timeout: 300_000 }));
      t.pass(command);
    }
    return said;
  };
  let file = "";

  t.test("the first boot ends healthy; a release of a later state is built", async (t) => {
    const started = await machine.start();
    next = await buildNextRelease();
    await becomesHealthy(t, machine, started, "first boot");
    file = await bring(next.release.release);
    await planIsEmpty(t, machine);
  });

  t.test("a release by a key that is not known is refused, and names the key; what it would do is told", async (t) => {
    const before = await state();
    const unknown = await upgrade(file);
    t.match(unknown, { code: 1, stderr: /\[unknown-key\]/ });
    t.match(unknown.stderr, `--trust ${next.release.key}`);
    t.match(await upgrade(file, "--trust", "SHA256:another"), { code: 64, stderr: /\[other-key\]/ });
    const planned = await upgrade(file, "--trust", next.release.key, "--plan");
    t.equal(planned.code, 0, planned.stderr);
    t.match(planned.stdout, `0 -> ${next.release.id}`);
    t.match(planned.stdout, /^services with other code: event-bus$/m);
    t.match(planned.stdout, /^your own files: \/etc\/next.conf$/m);
    t.match(planned.stdout, /^restarts: .*stack-agent\.service/m);
    t.match(planned.stdout, new RegExp(`migrate .*not applied: ${nextMigration}`));
    t.match((await upgrade(file, "--diff")).stdout, /^ +\+of the next release$/m, "it is trusted from now on");
    t.equal(await state(), before, "nothing was changed");
  });

  t.test(
    "under write load: nothing that was acknowledged is lost, and the seconds without service are told",
    async (t) => {
      const pid = await mainPid(machine, required.agent.unit);
      const postgres = await mainPid(machine, required.postgres.unit);
      const { written, result } = await writeWhile(machine, "monitoring.probe", () => upgrade(file, "--json"));
      t.equal(result.code, 0, result.stderr);
      const document = upgradeDocument.parse(JSON.parse(result.stdout));
      t.match(document, { release: next.release.id, previous: "0", changed: true, services: ["event-bus"] });
      t.equal(document.definition, "of the release");
      t.comment(`in ${document.seconds} s; without an answer: ${JSON.stringify(document.without)}`);
      t.comment(`${written.events.length} events, ${written.messages.length} messages, ${written.refused} refused`);
      t.ok(written.events.length > 50 && written.messages.length > 50, "there was a load");
      t.strictSame(await lostOf(machine, written, serviceQueue("monitoring")), []);
      t.ok(document.without !== undefined, "the seconds without an answer are told");
      t.equal(await inForce(), next.release.id);
      t.equal(await said(), "next", "the service has the release's code");
      t.equal(await migrations(), nextMigration);
      t.match(await machine.sh("stack-agent status --help"), /of the next release/, "the program too");
      t.match(await machine.sh("cat /etc/motd /etc/next.conf"), /of the next release\n+of the next release/);
      t.match(await machine.sh(`cat ${definition}`), nextVersion);
      t.not(await mainPid(machine, required.agent.unit), pid, "the agent runs the new program");
      t.equal(await mainPid(machine, required.postgres.unit), postgres, "what did not change was not restarted");
      await answers(t, machine, required.agent.port, 200);
      await planIsEmpty(t, machine);
      t.match(await upgrade(file), { code: 0, stdout: /nothing to do/ });
      const { releases } = stackReleasesDocument.parse(JSON.parse(await machine.sh("stack-agent release ls --json")));
      t.strictSame(
        releases.map(({ id, state }) => [id, state]),
        [
          [next.release.id, "current"],
          ["0", "previous"],
        ],
      );
      t.match(
        await machine.sh(`stat -c %h /opt/stack-agent/releases/${next.release.id}/bin/node`),
        "2",
        "Node is on the disk once",
      );
    },
  );

  t.test("a release that is not healthy is taken back by itself, and says what it said", async (t) => {
    const before = await state();
    const sick = await next.forge("sick", {
      payload: async (root) => {
        const module = smallService("sick", { status: 500 });
        await writeFile(join(root, "services/event-bus/small.py"), module);
        await writeFile(join(root, "own/etc/next.conf"), "of a sick release\n");
      },
      record: (record) => ({ ...record, services: { ...record.services, "event-bus": "other" } }),
    });
    const { written, result } = await writeWhile(machine, "monitoring.probe", async () =>
      upgrade(await bring(sick), "--timeout", "5"),
    );
    t.match(result, { code: 1, stderr: /\[upgrade-not-healthy\]/ });
    t.match(result.stderr, /is in force again/);
    t.match(result.stderr, /event-bus: .*500/);
    t.equal(await state(), before);
    t.equal(await said(), "next");
    t.strictSame(await lostOf(machine, written, serviceQueue("monitoring")), []);
    await planIsEmpty(t, machine);
    t.match(await machine.sh("cat /etc/next.conf"), "of the next release");
    await answers(t, machine, required.agent.port, 200);
  });

  t.test("cut off in its trial it is taken back by the next boot, killed by the next provisioning", async (t) => {
    const before = await state();
    const slow = await bring(
      await next.forge("slow", {
        payload: (root) => writeFile(join(root, "services/event-bus/small.py"), smallService("slow", { ready: false })),
        record: (record) => ({ ...record, services: { ...record.services, "event-bus": "slow" } }),
      }),
    );
    const from = await inForce();
    for (const cut of long ? (["power", "kill"] as const) : (["power"] as const)) {
      const running = upgrade(slow, "--timeout", "60").catch(() => undefined);
      await waitFor(async () => (await inForce()) !== from, { what: "the trial", timeout: 300_000, interval: 50 });
      t.match(await upgrade("0"), { code: 1, stderr: /\[already-running\]/ }, "none beside it");
      if (cut === "kill") {
        await machine.sh(
          "pkill -KILL -f '[s]tack-agent.cjs upgrade'; pkill -KILL -f '[s]tack-agent.cjs (provision|status)' || true",
        );
        await running;
        t.not(await inForce(), from, "it was killed in its trial");
        t.match(await stackAgent("provision", "--plan"), { code: 1, stderr: /\[upgrade-cut-off\]/ });
        await machine.sh("stack-agent provision", { timeout: 300_000 });
      } else {
        await endsHealthy(t, machine, await machine.reboot({ kill: true }), "the boot after the power cut");
        await running;
      }
      t.equal(await inForce(), from, cut);
      await waitFor(async () => (await said()) === "next", {
        what: "the service before",
        timeout: 90_000,
        interval: 200,
      });
      await planIsEmpty(t, machine);
      t.equal(await machine.sh("ls -d /var/lib/stack-agent/trial 2>/dev/null || true"), "");
    }
    const leftovers = (text: string): string =>
      text.replace(/^.*(slow|\d{8}-\d{6}-\w{6}|1\.1\.0-\w{8}).*$/gm, "").replace(/\n+/g, "\n");
    t.equal(leftovers(await state()), leftovers(before));
  });

  t.test(
    "docs/operations.md: back to what the template brought, beside a migration that it doesn't know",
    async (t) => {
      await machine.sh(`mv ${file} /root/next.stack-release`);
      const [planned, again, listed] = await runbook(t, 0);
      t.match(planned, /^Nothing to do\.$/m);
      t.match(again, /is in force already/);
      t.match(listed, new RegExp(`^${next.release.id} +current`, "m"));
      t.equal(await inForce(), "0");
      t.match(JSON.parse(await said()), { status: /pass|warn/ }, "the reference service again");
      t.equal(await migrations(), nextMigration, "the data is as it was");
      t.equal(await machine.sh("ls /etc/next.conf 2>/dev/null || true"), "");
      await answers(t, machine, required.agent.port, 200);
      await planIsEmpty(t, machine);
    },
  );

  t.test(
    "docs/operations.md: another definition, what it restarts told before; both changed is a question",
    async (t) => {
      const [node = ""] = required.redis.units;
      const redis = await mainPid(machine, node);
      await machine.sh(`sed 's/^\\( *\\)policy: .*/\\1policy: allkeys-lfu/' ${definition} >/root/stack.yaml`);
      const [planned, done] = await runbook(t, 1);
      t.match(planned, /^restarts: .*redis-server@6379\.service/m);
      t.match(done, /has another definition/);
      t.not(await mainPid(machine, node), redis);
      t.match(await machine.sh("cat /etc/redis/redis-6379.conf"), /^maxmemory-policy allkeys-lfu$/m);
      await planIsEmpty(t, machine);
      t.match(await upgrade("/root/next.stack-release"), { code: 1, stderr: /\[definition-conflict\]/ });
      await machine.sh(
        "sed 's/^  database: .*//; s/^postgres:.*/&\\n  database: elsewhere/' /root/stack.yaml >/root/moved.yaml && echo 'name: [' >/root/broken.yaml",
      );
      t.match(await upgrade("--definition", "/root/moved.yaml"), { code: 1, stderr: /\[data-moves\]/ });
      t.match(await upgrade("--definition", "/root/broken.yaml"), { code: 64, stderr: /\[definition-invalid\]/ });
    },
  );

  if (long)
    t.test("what can't be put in force is refused by one clear error, and leaves nothing", async (t) => {
      const before = await state();
      file = "/root/next.stack-release";
      const forged = async (name: string, edit: Parameters<NextProject["forge"]>[1]) =>
        bring(await next.forge(name, edit));
      const servers = (what: string, version: string) =>
        forged(what.toLowerCase(), {
          record: (one) => ({
            ...one,
            servers: {
              ...one.servers,
              [what]: { ...one.servers[what], package: one.servers[what]?.package ?? "", version },
            },
          }),
        });
      await machine.sh(
        `cd /root && head -c 20000000 ${file} >cut.stack-release && head -c 5000 /dev/urandom >noise.stack-release` +
          ` && mkdir t && tar -xf ${file} -C t && sed -i 's/"debian": "[0-9]*"/"debian": "99"/' t/release.json && tar -cf changed.stack-release -C t ./release.json ./release.json.sig ./payload.tar.zst` +
          " && tar -xf " +
          file +
          " -C t && printf x | dd of=t/payload.tar.zst bs=1 seek=1000000 conv=notrunc 2>/dev/null && tar -cf damaged.stack-release -C t ./release.json ./release.json.sig ./payload.tar.zst && rm -r t",
      );
      for (const [from, code] of [
        ["/root/absent", "no-package"],
        ["absent", "no-package"],
        ["/root/cut.stack-release", "bad-package"],
        ["/root/noise.stack-release", "bad-package"],
        ["/root/changed.stack-release", "bad-signature"],
        ["/root/damaged.stack-release", "bad-package"],
        [await forged("stranger", { record: (one) => ({ ...one, name: "other" }) }), "other-stack"],
        [await forged("debian", { record: (one) => ({ ...one, debian: "99" }) }), "other-machine"],
        [await servers("PostgreSQL", "99.1-1"), "other-major"],
        [await servers("RabbitMQ", "99.0.1-1"), "other-major"],
        [
          await forged("contract", {
            record: (one) => ({
              ...one,
              migrations: [...one.migrations, { name: "0013-contract", noWayBack: "drops it" }],
            }),
          }),
          "no-way-back",
        ],
      ] as const) {
        const refused = await upgrade(from);
        t.not(refused.code, 0);
        t.match(refused.stderr, new RegExp(`^error: .* \\[${code}\\]$`, "m"), from);
        t.match(refused.stderr, /^hint: {2}./m);
      }
      t.match(await upgrade(), { code: 64, stderr: /\[usage\]/ });
      t.equal(await state(), before);
    });

  if (long)
    t.test("where no way leads back, none is gone: not healthy, it stays", async (t) => {
      const contract = await next.forge("sick-contract", {
        payload: (root) => writeFile(join(root, "services/event-bus/small.py"), smallService("sick", { status: 500 })),
        record: (one) => ({
          ...one,
          services: { ...one.services, "event-bus": "other" },
          migrations: [...one.migrations, { name: "0013-contract", noWayBack: "drops it" }],
        }),
      });
      const its = `/opt/stack-agent/releases/${next.release.id}/stack.yaml`;
      const words = ["--definition", its, "--no-way-back", "--timeout", "5"];
      const stays = await upgrade(await bring(contract), ...words);
      t.match(stays, { code: 1, stderr: /\[upgrade-not-healthy\]/ });
      t.match(stays.stderr, /is in force, and not healthy/);
      t.not(await inForce(), "0");
      t.equal(await machine.sh("ls -d /var/lib/stack-agent/trial 2>/dev/null || true"), "");
      t.match(await upgrade("0"), { code: 1, stderr: /\[no-way-back\]/ });
    });
}
