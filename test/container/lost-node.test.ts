/** A node is lost with all that was on it: its stack is back in a fresh container by one command. `npm run test:long`. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { backupsDocument, restoreDocument } from "../../stack/documents/backups.ts";
import { createMachine, type Machine, setUpNetwork } from "./create-machine.ts";
import { secret } from "./logins.ts";
import { canRunContainers } from "./needs.ts";
import { required } from "./required.ts";
import { planIsEmpty } from "./rows/reboot.ts";
import { startS3Server } from "./s3-server.ts";
import { smallService } from "./small-service.ts";

t.setTimeout(40 * 60_000);

const project = join(import.meta.dirname, "../..");
const target = "/var/backups";
const settings = [`backup.target.directory=${target}`, "secrets={alpaca_key: {for: [event-bus]}}"];

if (process.env.STACK_LONG !== "true")
  t.pass("skipped: it builds a template and boots two containers, npm run test:long");
else if (await canRunContainers(t))
  t.test("a lost node", async (t) => {
    const template = process.env.STACK_BACKUP_TEMPLATE ?? (await built());
    const setup = await setUpNetwork(t);
    const agent = (on: Machine, line: string, input = "") =>
      on.exec("stack-agent", line.split(" "), { accept: [0, 1, 2, 64], input, timeout: 300_000 });
    const redis = async (on: Machine, words: string) =>
      on.sh(`redis-cli -c --no-auth-warning -a "$(cat /var/lib/stack-agent/secrets/redis.auth)" ${words}`);
    const publish = async (on: Machine, text: string) => {
      const login = `stack-admin:${await secret(on, "rabbitmq.admin")}`;
      const at = "http://127.0.0.1:15672/api/exchanges/%2Fstock-analysis/amq.default/publish";
      const message = { routing_key: "by-hand", payload: text, payload_encoding: "string" };
      const body = JSON.stringify({ ...message, properties: { delivery_mode: 2 } });
      return on.sh(`curl -sf -u '${login}' -H 'content-type: application/json' -d @- '${at}'`, { input: body });
    };
    const keys = 2000;

    const lost = await createMachine(setup, { template, hostname: "stock-analysis" });
    await lost.start();
    await agent(lost, "status --wait --timeout 120");

    await t.test("a backup has all of the stack, and the check proves it", async (t) => {
      const set = `for i in $(seq ${keys}); do echo "SET key-$i value-$i EX 90000"; done`;
      await lost.sh(
        `${set} | redis-cli -c --no-auth-warning -a "$(cat /var/lib/stack-agent/secrets/redis.auth)" >/dev/null`,
      );
      await lost.sh(
        "rabbitmqctl -q add_user somebody sesame-of-the-test && rabbitmqctl -q set_permissions -p /stock-analysis somebody '.*' '.*' '.*'",
      );
      const queue = `rabbitmqctl -q eval 'rabbit_amqqueue:declare(rabbit_misc:r(<<"/stock-analysis">>, queue, <<"by-hand">>), true, false, [], none, <<"test">>).'`;
      await lost.sh(`${queue} >/dev/null`);
      t.match(await publish(lost, "kept"), /"routed":true/);
      t.match(await agent(lost, "secrets set alpaca_key", "key-of-the-test"), { code: 0 });
      await bringRelease(lost);
      t.match(await agent(lost, "service deploy event-bus /root/small"), { code: 0 });
      await lost.sh("sed -i 's/^version: .*/&\\n# A change by hand./' /etc/stack-agent/stack.yaml");
      const made = await agent(lost, "backup now --with-messages --json");
      t.equal(made.code, 0, made.stderr);
      const [newest] = backupsDocument.parse(JSON.parse((await agent(lost, "backup ls --json")).stdout)).backups;
      t.strictSame(newest?.parts, ["definition", "releases", "secrets", "redis", "rabbitmq"]);
      await agent(lost, "status --wait --timeout 120");
      const checked = await agent(lost, "backup check --json");
      t.equal(checked.code, 0, checked.stderr);
      t.match(JSON.parse(checked.stdout), { parts: ["definition", "releases", "secrets", "redis", "rabbitmq"] });
      t.equal(
        await lost.sh("ls /var/lib/stack-agent | grep -E 'backup-(parts|trial)' || true"),
        "",
        "nothing of it stays",
      );
    });

    await t.test("nothing that is secret lies in the repository in plain words", async (t) => {
      const found = `grep -rlE 'key-of-the-test|sesame-of-the-test' ${target} || true`;
      t.equal(await lost.sh(found), "");
    });

    const key = await secret(lost, "backup.key");
    const repository = await mkdtemp("/var/tmp/stack-repository-");
    t.teardown(() => rm(repository, { recursive: true, force: true }));
    await run("cp", ["-a", join(lost.container.rootfs, target), repository]);
    await lost.destroy();

    const fresh = await createMachine(setup, { template, hostname: "stock-analysis" });
    await t.test("a fresh container has it all by one command, and its own identity", async (t) => {
      await fresh.start();
      await agent(fresh, "status --wait --timeout 120");
      await run("cp", ["-a", join(repository, "backups"), join(fresh.container.rootfs, "/srv/lost")]);
      const began = performance.now();
      const done = await agent(fresh, "restore --from /srv/lost --key - --yes --json", key);
      t.equal(done.code, 0, done.stderr + done.stdout);
      t.comment(`after ${((performance.now() - began) / 1000).toFixed(1)} s`);
      t.match(restoreDocument.parse(JSON.parse(done.stdout)), {
        state: "done",
        parts: ["definition", "releases", "secrets", "redis", "rabbitmq"],
      });
      await agent(fresh, "status --wait --timeout 120");
      const counts = await fresh.sh(
        `for p in 6379 6380 6381; do redis-cli --no-auth-warning -a "$(cat /var/lib/stack-agent/secrets/redis.auth)" -p $p --scan --pattern 'key-*' ; done | wc -l`,
      );
      t.equal(Number(counts), keys, "every key is there");
      t.equal(await redis(fresh, "GET key-77"), "value-77");
      t.match(await fresh.sh("rabbitmqctl -q list_users"), /^somebody/m);
      t.match(await fresh.sh("rabbitmqctl -q list_queues -p /stock-analysis name messages"), /^by-hand\s+1$/m);
      t.match(await fresh.sh("rabbitmqctl -q authenticate_user somebody sesame-of-the-test"), /Success/);
      t.equal(await secret(fresh, "alpaca_key"), "key-of-the-test");
      t.match(await fresh.sh("readlink /opt/stock-analysis/services/event-bus/current"), /^releases\/2/);
      t.match(await fresh.sh(`curl -sf localhost:${required.services["event-bus"].port}/health`), "small");
      t.match(await fresh.sh("cat /etc/stack-agent/stack.yaml"), "# A change by hand.");
      t.not(await secret(fresh, "backup.key"), key, "it goes on with a key of its own");
      await planIsEmpty(t, fresh);
      await waitFor(
        async () =>
          backupsDocument.parse(JSON.parse((await agent(fresh, "backup ls --json")).stdout)).backups.length > 0,
        { what: "its own backup", timeout: 120_000, interval: 1000 },
      );
      await agent(fresh, "status --wait --timeout 120");
      t.match(await agent(fresh, "restore --parts cakes --yes"), { code: 64, stderr: /is no part of a backup/ });
      await redis(fresh, "SET key-77 changed");
      const again = await agent(fresh, "restore --parts redis --from /srv/lost --key - --yes --json", key);
      t.equal(again.code, 0, again.stderr + again.stdout);
      t.strictSame(restoreDocument.parse(JSON.parse(again.stdout)).parts, ["redis"], "a part can be asked for alone");
      t.equal(await redis(fresh, "GET key-77"), "value-77");
    });

    await t.test("a bucket of an S3 server is a target as well", async (t) => {
      const { endpoint, bucket, accessKey, secretKey, ca } = await startS3Server(t, fresh);
      const s3 = JSON.stringify({ s3: { bucket, endpoint, ca } });
      const before = await fresh.sh("cat /etc/stack-agent/stack.yaml");
      const changed = before.replace(/(^backup:\n\s+target:).*(\n\s+directory: \/var\/backups)?/m, `$1 ${s3}`);
      await fresh.sh("cat >/etc/stack-agent/stack.yaml", { input: changed });
      t.match(await agent(fresh, "provision"), { code: 0 }, "without its keys the stack is up");
      t.match(await agent(fresh, "backup now --json"), { code: 1, stdout: /secret-missing/ });
      t.match(await agent(fresh, "secrets set backup_s3_key", accessKey), { code: 0 });
      t.match(await agent(fresh, "secrets set backup_s3_secret", "another-secret"), { code: 0 });
      t.match(await agent(fresh, "provision"), { code: 1 });
      t.match(await fresh.sh("stack-agent status --format json || true"), /target-refused/);
      t.match(await agent(fresh, "secrets set backup_s3_secret", secretKey), { code: 0 });
      const provisioned = await agent(fresh, "provision");
      t.equal(provisioned.code, 0, provisioned.stderr);
      const made = await agent(fresh, "backup now --json");
      t.equal(made.code, 0, made.stderr + made.stdout);
      const found = backupsDocument.parse(JSON.parse((await agent(fresh, "backup ls --json")).stdout));
      t.equal(found.place, `s3://${endpoint}/${bucket}`);
      t.ok((found.backups[0]?.parts?.length ?? 0) > 3, JSON.stringify(found.backups));
      t.match(await agent(fresh, "backup check"), { code: 0 });
      const done = await agent(fresh, "restore --parts all --yes --json");
      t.equal(done.code, 0, done.stderr + done.stdout);
      await agent(fresh, "status --wait --timeout 120");
      t.equal(await redis(fresh, "GET key-77"), "value-77");
      await planIsEmpty(t, fresh);
    });
  });

/** @returns the path of a template of the default stack with backups */
async function built(): Promise<string> {
  const folder = await mkdtemp("/var/tmp/stack-backup-template-");
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const set = settings.flatMap((one) => ["--set", one]);
  await run("bin/build-template", [...set, "--out", folder], { cwd: project, timeout: 1_200_000 });
  const name = (await readdir(folder)).find((file) => file.endsWith(".tar.gz"));
  if (name === undefined) throw new TypeError("nothing was built");
  return join(folder, name);
}

/** A release that needs nothing but Python's own. */
async function bringRelease(machine: Machine): Promise<void> {
  await machine.sh(
    "mkdir -p /root/small && cat >/root/small/reference_service.py && touch /root/small/requirements.lock",
    {
      input: smallService("small"),
    },
  );
}
