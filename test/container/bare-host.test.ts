/**
 * The stack's .deb on a plain Debian: refused where something is somebody's, killed while
 * packages are installed, provisioned, taken back, provisioned over its data, taken back whole.
 */
import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { inNetwork } from "../../lib/lxc/network.ts";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { deploymentDocument } from "../../stack/documents/deployment.ts";
import { planDocument } from "../../stack/documents/plan.ts";
import { type ResetDocument, resetDocument } from "../../stack/documents/reset.ts";
import { statusDocument } from "../../stack/documents/status.ts";
import { stackModel } from "../stack/stack-model.ts";
import { bareHostSections, bareHostSettings, bareHostTemplate, packagePool } from "./bare-host-template.ts";
import { loseQueueLogs } from "./broker-eval.ts";
import { createMachine, type Machine, setUpNetwork } from "./create-machine.ts";
import { debian } from "./debian.ts";
import { healthyAfter } from "./healthy.ts";
import { postgresLogin, redisLogin } from "./logins.ts";
import { canRunContainers } from "./needs.ts";
import { required, serviceNames } from "./required.ts";
import { event, postgresRows } from "./rows/postgres.ts";
import { privilegeRows } from "./rows/privileges.ts";
import { pythonRows } from "./rows/python.ts";
import { rabbitmqRows } from "./rows/rabbitmq.ts";
import { isKept, keep, planIsEmpty } from "./rows/reboot.ts";
import { redisRows } from "./rows/redis.ts";
import { becomesHealthy } from "./stack-machine.ts";
import { provisioned } from "./units.ts";

t.setTimeout(20 * 60_000);

const minutes = 60_000;
const anyCode = Array.from({ length: 256 }, (_, code) => code);

/**
 * What a machine changes by itself, or Debian's tools do: logs, caches, lists, their own books,
 * accounts (looked at by name), and /opt, which dpkg takes with the last package in it.
 */
const restless = [
  ...["/proc", "/sys", "/dev", "/run", "/tmp", "/root", "/srv", "/var/log", "/var/cache", "/var/lib/apt", "/opt"],
  ...["/var/lib/dpkg", "/var/lib/ucf", "/var/lib/systemd", "/var/lib/dhcp", "/var/tmp"],
];
/** With what a tool for accounts leaves that is killed: its lock is a file with its pid behind the name. */
const books = /^\/etc\/((passwd|group|shadow|gshadow|subuid|subgid)(-|\.\d+|\.lock)?|ld\.so\.cache) /;
/** Written anew at each start, as Proxmox does. */
const proxmoxs = /^\/etc\/(hosts|hostname|resolv\.conf|network\/interfaces|systemd\/system-preset\/00-pve\.preset) /;

if (await canRunContainers(t)) {
  const folder = await mkdtemp(join(tmpdir(), "stack-deb-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const long = process.env.STACK_LONG === "true";
  const settings = bareHostSettings(debian, long);
  await run("bin/build-template", ["deb", ...settings, "--out", folder], { timeout: 10 * minutes });
  const [deb = ""] = (await readdir(folder)).filter((name) => name.endsWith(".deb"));

  // All of it before the first test: a file whose tests have all ended is taken down.
  const template = await bareHostTemplate(stackModel(debian.suite, bareHostSections(long)).packages, debian);
  const setup = await setUpNetwork(t);
  const identity = join(folder, "id_ed25519");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", identity]);
  const machine = await createMachine(setup, { template, sshKeys: await readFile(`${identity}.pub`, "utf8") });
  await machine.start();
  // A first boot's own work, presets among it, belongs to what was before. Debug file systems may fail in a container.
  await waitFor(async () => /^(running|degraded)$/.test(await machine.sh("systemctl is-system-running || true")), {
    what: "the plain host to have booted",
    timeout: 2 * minutes,
    interval: 500,
  });
  await machine.sh("apt-get --quiet update", { timeout: 2 * minutes });
  const before = await snapshot(machine);
  const address = await machine.address();
  const hostKey = join(machine.settings.rootfs, "etc/ssh/ssh_host_ed25519_key.pub");
  const { stdout: fingerprint } = await run("ssh-keygen", ["-lf", hostKey]);
  const trusted = ["--identity", identity, "--fingerprint", fingerprint.split(" ")[1] ?? ""];
  const deployTemplate = (...args: readonly string[]) =>
    inNetwork(setup.network, run)("bin/deploy-template", [join(folder, deb), "--host", address, ...trusted, ...args], {
      ...{ accept: anyCode, timeout: 10 * minutes, signal: setup.cleanup.signal },
    });

  t.test("the same input gives the same bytes", async (t) => {
    const again = join(folder, "again");
    await run("bin/build-template", ["deb", ...settings, "--out", again, "--offline"], {
      timeout: 10 * minutes,
    });
    const { code } = await run("cmp", [join(folder, deb), join(again, deb)], { accept: [0, 1] });
    t.equal(code, 0);
  });

  t.test("deploy-template --dry-run tells what it would do over SSH, and changes nothing", async (t) => {
    const { stdout, stderr, code } = await deployTemplate("--dry-run");
    t.equal(code, 0, stderr);
    t.match(
      stdout,
      /Debian 12\.\S+, stack-agent-stock-analysis 1\.0\.0\n1\. send .*\n2\. stack-agent provision\n3\. wait/,
    );
    t.strictSame(difference(before.files, (await snapshot(machine)).files), []);
  });

  t.test("refused by a taken port, deploy-template leaves a package that sets nothing up", async (t) => {
    await machine.sh("systemd-run --quiet --unit=another /usr/sbin/sshd -D -o Port=5432 -o ListenAddress=127.0.0.1");
    await waitFor(async () => (await listening(machine)).includes(5432), {
      what: "the port to be taken",
      timeout: minutes,
    });
    const { stderr, code } = await deployTemplate();
    t.equal(code, 1, stderr);
    t.match(stderr, /port 5432 \(PostgreSQL\) is taken by sshd/);
    t.match(stderr, /left: the package is installed, with what of the stack was set up; the same command carries on/);
    await machine.sh("systemctl stop another");
    t.equal(await machine.sh("ls /var/tmp | grep deploy-template || true"), "", "what was sent is gone");
    t.equal(await machine.sh("ls /etc/systemd/system | grep stack || true"), "");
    t.equal(await machine.sh("getent passwd stack-agent || true"), "");
    t.strictSame(await listening(machine), [22]);
  });

  t.test("a host with somebody's port, data and configuration is refused, and is as it was", async (t) => {
    await machine.sh(`systemd-run --quiet --unit=somebodys /usr/sbin/sshd -D -o Port=5432 -o ListenAddress=127.0.0.1
      mkdir -p /var/lib/redis/6379 /etc/rabbitmq && echo theirs >/etc/rabbitmq/rabbitmq.conf`);
    await waitFor(async () => (await listening(machine)).includes(5432), {
      what: "the port to be taken",
      timeout: minutes,
    });
    const found = await files(machine);
    for (const asked of [["--plan"], []]) {
      const { code, stderr } = await provision(machine, ...asked);
      t.equal(code, 1);
      t.match(stderr, /port 5432 \(PostgreSQL\) is taken by sshd \(pid \d+\) of somebodys\.service/);
      t.match(stderr, /systemctl disable --now somebodys\.service/, "and what helps");
      t.match(stderr, /\/var\/lib\/redis\/6379 is there, and is not this stack's/);
      t.match(stderr, /\/etc\/rabbitmq\/rabbitmq\.conf was written by somebody/);
    }
    t.strictSame(difference(found, await files(machine)), []);
    await machine.sh("systemctl stop somebodys; rm -r /var/lib/redis /etc/rabbitmq");
  });

  t.test("a package that no source has is named", async (t) => {
    const index = `${packagePool}/Packages`;
    await machine.sh(`cp ${index} /root/whole && sed -i 's/^Package: redis-server$/Package: other/' ${index}`);
    const { code, stderr } = await provision(machine);
    t.equal(code, 1);
    t.match(stderr, /none of this machine's package sources has redis-server/);
    await machine.sh(`mv /root/whole ${index}`);
    t.equal(await machine.sh("ls /usr/sbin/policy-rc.d 2>/dev/null || true"), "", "starts are allowed again");
  });

  t.test("killed while dpkg is at work, and then dpkg too: no server starts", async (t) => {
    await machine.sh("systemd-run --quiet --unit=killed stack-agent provision");
    await waitFor(() => progressOf(machine).then((text) => /packages: setting up [4-9]\d /.test(text)), {
      what: "packages to be set up",
      timeout: 5 * minutes,
      interval: 50,
    });
    t.match(
      await machine.sh("journalctl --sync && journalctl --unit=killed --output=cat"),
      /packages: unpacking 50 of \d+/,
      "told as it goes",
    );
    // The agent first: what dpkg does then nobody forbids but the stack's own units.
    await machine.sh("kill -KILL $(systemctl show --property=MainPID --value killed); sleep 1");
    await machine.sh("kill -KILL $(pidof apt-get dpkg) || true");
    t.match(await machine.sh("dpkg --audit"), /redis-server|rabbitmq-server|postgresql/, "packages are half installed");
    t.strictSame(await listening(machine), [22]);
    t.match(await machine.sh("cat /usr/sbin/policy-rc.d"), /Written by stack-agent/, "what it leaves");
  });

  t.test("the next run mends it and goes on to the end; another one has nothing to do", async (t) => {
    const started = performance.now();
    const [{ code, stdout, stderr }, other] = await Promise.all([deployTemplate("--json"), deployTemplate()]);
    t.equal(other.code, code, `a second one at the same time waits for the same\n${other.stderr}`);
    t.ok(code === 0 || code === 2, `${stdout}${stderr.split("\n").slice(-20).join("\n")}`);
    const document = deploymentDocument.parse(JSON.parse(stdout));
    t.match(document, {
      ...{ node: "stock-analysis", template: deb, changed: true, steps: ["provision", "wait"], address },
    });
    t.strictSame(document.urls[0], { name: "agent", url: `http://${address}:8000/health` });
    await healthy(t, machine, started);
    const again = await deployTemplate();
    t.equal(again.code, code, again.stderr);
    t.match(again.stdout, /stock-analysis on stock-analysis is \w+: nothing to do/);
    t.strictSame(planDocument.parse(JSON.parse(await machine.sh("stack-agent provision --plan --json"))), {
      actions: [],
      unseen: [],
    });
    t.equal(await machine.sh("dpkg --audit"), "");
    t.equal(await machine.sh("ls /usr/sbin/policy-rc.d 2>/dev/null || true"), "");
    const told = await machine.sh("stack-agent status");
    if (debian.version === "12") t.match(told, /RabbitMQ is 3\.\d+\.\d+, Debian 12's/);
    else t.notMatch(told, /is asked for/);
  });

  t.test("memcached, which the default stack has not, is one of its components like the others", async (t) => {
    const state = (document: { components: readonly { name: string; code: string }[] }) =>
      document.components.find(({ name }) => name === "memcached")?.code;
    const look = async () =>
      state(
        statusDocument.parse(
          JSON.parse((await machine.exec("stack-agent", ["status", "--format", "json"], { accept: anyCode })).stdout),
        ),
      );
    const told = (code: string) =>
      waitFor(async () => (await look()) === code, {
        what: `memcached to be ${code}`,
        timeout: minutes,
        interval: 500,
      });
    await told("ok");
    const stored = `printf 'set a 0 60 1\\r\\nb\\r\\nget a\\r\\nquit\\r\\n' | timeout 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/11211; cat >&3; cat <&3'`;
    t.match(await machine.sh(stored), /STORED\r?\nVALUE a 0 1\r?\nb/);
    t.match(await machine.sh("curl -s http://127.0.0.1:8000/metrics"), /^stack_memcached_memory_used_ratio 0/m);
    t.match(await machine.sh(`cat /etc/stock-analysis/${serviceNames[0]}.env`), /^MEMCACHED_PORT=11211$/m);
    await machine.sh("systemctl stop memcached.service");
    await told("refused");
    const drift = await machine.exec("stack-agent", ["drift"], { accept: anyCode });
    t.match([drift.code, drift.stdout], [2, /memcached\.service/]);
    t.equal((await provision(machine)).code, 0);
    await told("ok");
    await planIsEmpty(t, machine);
    const doctor = await machine.exec("stack-agent", ["doctor"], { accept: anyCode, timeout: 2 * minutes });
    t.match(doctor.stdout, /memcached/);
  });

  pythonRows(t, machine, "/usr/lib/stack-agent/uv");
  postgresRows(t, machine);
  redisRows(t, machine, 256);
  rabbitmqRows(t, machine);
  privilegeRows(t, machine);

  t.test("it comes up by itself after a reboot, and RabbitMQ's queues get their logs back", async (t) => {
    const kept = await keep(machine);
    await loseQueueLogs(machine);
    await becomesHealthy(t, machine, await machine.reboot(), "a reboot");
    await provisioned(machine);
    await planIsEmpty(t, machine);
    await isKept(t, machine, kept);
  });

  const marker = `marker-${randomUUID()}`;

  t.test("reset does what its plan says; data stays, and a file that somebody changed", async (t) => {
    const append = "SELECT event_store.append($1, 'one', -1, $2)";
    await machine.inside().pg({ ...(await postgresLogin(machine)), text: append, values: [marker, event("marker")] });
    const login = { ...(await redisLogin(machine)), port: 6379 };
    await machine.inside().redis({ ...login, command: ["SAVE"] });
    const changed = "/etc/stock-analysis/common.env";
    await machine.sh(`echo '# mine' >>${changed}`);
    const refused = await machine.exec("stack-agent", ["reset"], { accept: anyCode });
    t.strictSame([refused.code, /nobody to ask/.test(refused.stderr)], [64, true], "not without a word");
    const planned = await reset(machine, "--plan");
    t.match(planned.kept.join("\n"), new RegExp(`^${changed} stays`, "m"));
    const done = await reset(machine, "--yes");
    t.strictSame(done, planned);
    t.strictSame(
      (await reset(machine, "--plan")).actions.filter((action) => action.do !== "removeFolders"),
      [],
    );
    t.strictSame(await listening(machine), [22]);
    t.equal(await machine.sh("ls /usr/bin/redis-server /usr/lib/postgresql 2>/dev/null || true"), "");
    t.equal(await machine.sh(`cat ${required.postgres.dataDirectory}/PG_VERSION`), debian.postgres);
    const again = await provision(machine);
    t.match([again.code, again.stderr], [1, /common\.env was written by somebody/], "which provision won't overwrite");
    await machine.sh(`rm ${changed}`);
  });

  t.test("provision brings everything back, with the data", async (t) => {
    const started = performance.now();
    const { code, stdout, stderr } = await provision(machine);
    t.equal(code, 0, `${stdout}${stderr.split("\n").slice(-20).join("\n")}`);
    await healthy(t, machine, started);
    const found = await machine.inside().pg({
      ...(await postgresLogin(machine)),
      text: "SELECT aggregate_id FROM event_store.events WHERE aggregate_type = $1",
      values: [marker],
    });
    t.equal(found.rows.length, 1);
  });

  t.test("reset of one stage takes that alone; the next run brings it back", async (t) => {
    const system = await machine.exec("stack-agent", ["reset", "--only", "system", "--yes"], { accept: anyCode });
    t.equal(system.code, 64, "what all stand on isn't taken alone");
    const done = await reset(machine, "--only", "redis", "--yes");
    t.strictSame([...new Set(done.actions.map(({ stage }) => stage))], ["redis"]);
    const ports = await listening(machine);
    t.notOk(ports.includes(6379));
    t.ok(ports.includes(5432) && ports.includes(5672));
    t.equal((await provision(machine)).code, 0);
  });

  t.test("reset --with-data and a purge leave the machine as it was before", async (t) => {
    await reset(machine, "--with-data", "--yes");
    t.strictSame(await reset(machine, "--with-data", "--plan"), { actions: [], kept: [] });
    await machine.sh("apt-get purge --yes stack-agent-stock-analysis", { timeout: 5 * minutes });
    const after = await snapshot(machine);
    t.strictSame(after.packages, before.packages);
    t.strictSame(after.units, before.units);
    t.strictSame(difference(before.files, after.files), []);
    // Debian's packages leave the users that they made, so that no other gets their files.
    const made = after.users.filter((user) => !before.users.includes(user)).sort();
    t.strictSame(
      made,
      ["postgres", "rabbitmq", "redis"].filter((user) => made.includes(user)),
    );
  });
}

function provision(machine: Machine, ...args: readonly string[]) {
  return machine.exec("stack-agent", ["provision", ...args], { accept: anyCode, timeout: 10 * minutes });
}

async function reset(machine: Machine, ...args: readonly string[]): Promise<ResetDocument> {
  const { stdout } = await machine.exec("stack-agent", ["reset", "--json", ...args], { timeout: 10 * minutes });
  return resetDocument.parse(JSON.parse(stdout));
}

async function progressOf(machine: Machine): Promise<string> {
  return machine.sh("cat /run/stack-agent/progress.json 2>/dev/null || true");
}

async function healthy(t: Test, machine: Machine, startedAt: number): Promise<void> {
  const { all } = await healthyAfter(machine, startedAt, 2 * minutes);
  t.comment(`healthy after ${(all / 1000).toFixed(1)} s, ${serviceNames.length} services included`);
  const { code } = await machine.exec("stack-agent", ["status", "--wait", "--timeout", "60"], {
    accept: anyCode,
    timeout: 2 * minutes,
  });
  t.equal(code, 0, "and says so");
}

async function listening(machine: Machine): Promise<number[]> {
  const lines = (await machine.sh("ss -ltnH")).split("\n");
  const ports = lines.map((line) => Number(/:(\d+) /.exec(line)?.[1]));
  return [...new Set(ports)].sort((a, b) => a - b);
}

interface Snapshot {
  readonly files: readonly string[];
  readonly packages: readonly string[];
  readonly users: readonly string[];
  readonly units: readonly string[];
}

async function snapshot(machine: Machine): Promise<Snapshot> {
  const lines = async (script: string): Promise<string[]> =>
    (await machine.sh(script, { timeout: minutes })).split("\n");
  return {
    files: await files(machine),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills it in
    packages: await lines("dpkg-query --show --showformat '${Package} ${Version} ${db:Status-Abbrev}\\n'"),
    users: await lines("cut -d: -f1 /etc/passwd"),
    units: await lines("systemctl list-unit-files --no-legend --plain | sort"),
  };
}

/** Every file: path, kind, mode, owner, link, and of files size and time. */
async function files(machine: Machine): Promise<string[]> {
  const prune = restless.map((path) => `-path ${path}`).join(" -o ");
  const found = String.raw`\( -type f -printf '%p %y %m %U %G %s %T@\n' -o -printf '%p %y %m %U %G %l\n' \)`;
  const text = await machine.sh(String.raw`find / -xdev \( ${prune} \) -prune -o ${found} | sort`, {
    timeout: minutes,
  });
  return text.split("\n").filter((line) => !books.test(line) && !proxmoxs.test(line));
}

function difference(before: readonly string[], after: readonly string[]): string[] {
  const [old, now] = [new Set(before), new Set(after)];
  return [
    ...before.filter((line) => !now.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !old.has(line)).map((line) => `+ ${line}`),
  ].sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1));
}
