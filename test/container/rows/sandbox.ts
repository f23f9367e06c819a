import type { Test } from "tap";
import type { Machine } from "../boot.ts";
import { required, type ServiceName, serviceNames, serviceUnit } from "../required.ts";
import { mainPid, unitProperties } from "../units.ts";

const databases = [required.postgres.unit, ...required.redis.units, required.rabbitmq.unit];
const sandboxed = [...serviceNames.map(serviceUnit), required.agent.unit, ...databases, "epmd.service"];

/**
 * Units of Debian's that run as root in every Debian container: init and its parts, ssh, the
 * DHCP client that ifupdown starts, terminals. None of them is the stack's.
 */
const debians = [
  /^init\.scope$/,
  /^systemd-(journald|logind|udevd)\.service$/,
  /^ssh\.service$/,
  /^(networking|ifup@eth0)\.service$/,
  /^(container-getty@\d|console-getty|getty@tty\d)\.service$/,
  /^(dbus|cron)\.service$/,
];

interface Process {
  readonly pid: number;
  readonly uid: number;
  readonly unit: string;
  readonly command: string;
}

/** R17: who runs as whom, and what the sandboxes do. */
export function sandboxRows(t: Test, machine: Machine): void {
  t.test("R17 no service runs as root, nor does anything but Debian's own", async (t) => {
    const all = await processes(machine);
    for (const unit of sandboxed) {
      const own = all.filter((process) => process.unit === unit);
      t.ok(own.length > 0, `${unit} runs`);
      t.strictSame(
        own.filter(({ uid }) => uid === 0),
        [],
        `${unit} has no process of root's`,
      );
    }
    const users = new Set(serviceNames.map((name) => all.find(({ unit }) => unit === serviceUnit(name))?.uid));
    t.equal(users.size, serviceNames.length, "each service has a user of its own");
    const roots = all.filter(({ uid, unit }) => uid === 0 && !debians.some((pattern) => pattern.test(unit)));
    t.strictSame(roots, [], "root's processes are Debian's");
  });

  t.test("R17 no listener is root's but sshd and the DHCP client", async (t) => {
    const lines = (await machine.sh("ss -tulnpH")).split("\n");
    const uids = new Map((await processes(machine)).map(({ pid, uid }) => [pid, uid]));
    for (const line of lines) {
      const owners = [...line.matchAll(/\("([^"]+)",pid=(\d+)/g)].map(([, name, pid]) => ({ name, pid: Number(pid) }));
      // epmd's port is held by init too, which starts epmd on it and hands it over: systemd's socket activation.
      const held = owners.filter(({ pid }) => pid !== 1 || owners.length === 1);
      const roots = held.filter(({ pid }) => uids.get(pid) === 0).map(({ name }) => name);
      t.strictSame(
        roots.filter((name) => name !== "sshd" && name !== "dhclient"),
        [],
        line.split(/\s+/)[4] ?? line,
      );
      t.ok(owners.length > 0, "and its owner is known");
    }
  });

  t.test("R17 no process of a service has a capability, or can gain one", async (t) => {
    const all = await processes(machine);
    for (const unit of sandboxed) {
      for (const { pid, command } of all.filter((process) => process.unit === unit)) {
        const status = await machine.sh(`grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/${pid}/status`);
        const read = Object.fromEntries(status.split("\n").map((line) => line.split(/:\s+/)));
        const none = "0000000000000000";
        const caps = { CapInh: none, CapPrm: none, CapEff: none, CapBnd: none, CapAmb: none };
        t.match(read, { ...caps, NoNewPrivs: "1", Seccomp: "2" }, `${unit} ${command}`);
      }
    }
  });

  t.test("R17 their file systems are read-only where they must be, and their /tmp is their own", async (t) => {
    const shared = await machine.sh("stat -c %d:%i /tmp");
    const temporary = new Map<string, string>();
    for (const unit of sandboxed) {
      const root = `/proc/${await mainPid(machine, unit)}/root`;
      for (const folder of ["/usr", "/usr/lib", "/etc", "/opt", "/boot", "/var", "/var/lib/stack-agent"]) {
        t.match(
          await writing(machine, `${root}${folder}`),
          /Read-only file system|No such file/,
          `${unit}: ${folder} can't be written, by root even`,
        );
      }
      t.equal(await machine.sh(`ls -A ${root}/root ${root}/home | grep -v : || true`), "", `${unit} sees no home`);
      t.equal(
        await machine.sh(`ls ${root}/dev | grep -cE '^(kmsg|mem|fuse|tty0|net)$' || true`),
        "0",
        `${unit} sees no devices`,
      );
      const own = await machine.sh(`stat -c %d:%i ${root}/tmp`);
      t.not(own, shared, `${unit} has a /tmp of its own`);
      temporary.set(own, unit);
      t.equal(await writing(machine, `${root}/tmp`), "", "which it can write");
    }
    t.equal(temporary.size, sandboxed.length, "no two share one");
  });

  t.test("R17 a service can change neither its code nor its settings", async (t) => {
    for (const name of serviceNames) {
      const root = `/proc/${await mainPid(machine, serviceUnit(name))}/root`;
      for (const folder of [
        `/opt/stock-analysis/venvs/${name}`,
        `/opt/stock-analysis/services/${name}`,
        "/etc/stock-analysis",
      ]) {
        t.match(await writing(machine, `${root}${folder}`), /Read-only file system/, `${name}: ${folder}`);
      }
    }
  });

  t.test("R17 what a service can write it can't execute", async (t) => {
    for (const name of serviceNames) {
      const pid = await mainPid(machine, serviceUnit(name));
      for (const folder of ["/tmp", "/var/tmp", "/dev/shm", `/run/stock-analysis/${name}`]) {
        const script = `cp /bin/true ${folder}/.probe && ${folder}/.probe`;
        const tried = await machine.exec("nsenter", ["-t", String(pid), "-m", "sh", "-c", script], {
          accept: [0, 126],
        });
        t.match([tried.code, tried.stderr], [126, /Permission denied/], `${name}: ${folder}`);
        await machine.exec("rm", ["-f", `/proc/${pid}/root${folder}/.probe`]);
      }
    }
  });

  t.test("R17 databases write their own folder and no other's", async (t) => {
    const data = new Map<string, string>([
      [required.postgres.unit, "/var/lib/postgresql/15/main"],
      [required.rabbitmq.unit, "/var/lib/rabbitmq"],
      ...required.redis.ports.map(
        (port, index) => [required.redis.units[index] ?? "", `/var/lib/redis/${port}`] as const,
      ),
    ]);
    for (const unit of data.keys()) {
      const root = `/proc/${await mainPid(machine, unit)}/root`;
      for (const [owner, folder] of data) {
        const expected = owner === unit ? /^$/ : /Read-only file system/;
        t.match(await writing(machine, `${root}${folder}`), expected, `${unit} and ${folder}`);
      }
    }
  });

  t.test("R17 a service sees neither another's code nor the agent's secrets, and its own password only", async (t) => {
    const seen = (name: ServiceName, path: string) =>
      mainPid(machine, serviceUnit(name)).then((pid) =>
        machine.sh(`ls -A /proc/${pid}/root${path} 2>/dev/null || true`),
      );
    for (const name of serviceNames) {
      t.match(await seen(name, `/opt/stock-analysis/venvs/${name}`), /bin/, `${name} sees its own venv`);
      for (const other of serviceNames.filter((one) => one !== name)) {
        t.equal(await seen(name, `/opt/stock-analysis/venvs/${other}`), "", `and not ${other}'s`);
        t.equal(await seen(name, `/opt/stock-analysis/services/${other}`), "");
      }
      t.equal(await seen(name, "/var/lib/stack-agent/secrets"), "");
      const pid = await mainPid(machine, serviceUnit(name));
      const environment = (await machine.sh(`tr '\\0' '\\n' </proc/${pid}/environ`)).split("\n");
      t.ok(
        environment.some((line) => line.startsWith("CREDENTIALS_DIRECTORY=")),
        "it is handed credentials",
      );
      t.strictSame(
        environment.filter((line) => /password|secret|token/i.test(line)),
        [],
        "and none in its environment",
      );
    }
  });

  t.test("R17 secrets are readable by those who need them alone, and in nobody's command line or log", async (t) => {
    const files = (await machine.sh("cd /var/lib/stack-agent/secrets && stat -c '%n %a %U:%G' *")).split("\n");
    const readers = {
      "postgres.agent": "agent",
      "rabbitmq.agent": "agent",
      "redis.auth": "agent",
      "health.token": "agent",
    };
    for (const line of files) {
      const [name = "", ...rest] = line.split(" ");
      t.strictSame(rest, name in readers ? ["640", "root:stack-agent"] : ["600", "root:root"], name);
    }
    t.equal(await machine.sh("stat -c '%a %U:%G' /var/lib/stack-agent/secrets"), "750 root:stack-agent");
    await machine.sh("for f in /var/lib/stack-agent/secrets/*; do cat $f; echo; done | grep -v '^$' >/run/patterns");
    t.teardown(() => machine.sh("rm -f /run/patterns"));
    t.equal(Number(await machine.sh("wc -l </run/patterns")), files.length, "there are as many secrets as files");
    t.equal(
      await machine.sh("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -cFf /run/patterns || true"),
      "0",
    );
    t.equal(
      await machine.sh("journalctl --no-pager -b -o export -a | grep -acFf /run/patterns || true"),
      "0",
      "nor in the journal",
    );
    t.equal(
      await machine.sh("stack-agent status --format json | grep -cFf /run/patterns || true"),
      "0",
      "nor in status",
    );
  });

  t.test("R17 systemd rates the sandboxes as they were measured", async (t) => {
    for (const unit of sandboxed) {
      const scored = await machine.sh(`systemd-analyze security --no-pager ${unit} | tail -1`);
      const score = Number(/: ([\d.]+)/.exec(scored)?.[1]);
      t.ok(score <= 2.5, `${unit}: ${score}`);
      const { DynamicUser } = await unitProperties(machine, unit, "DynamicUser");
      t.equal(DynamicUser, "no", "with a static user");
    }
  });
}

/** What is said of an attempt to write into a folder; nothing where it succeeds. */
async function writing(machine: Machine, folder: string): Promise<string> {
  const attempt = `touch ${folder}/.probe 2>&1 && rm ${folder}/.probe`;
  return (await machine.exec("sh", ["-c", attempt], { accept: [0, 1] })).stdout.trim();
}

/** Every process of a unit; the test's own, attached from outside, is in none. */
async function processes(machine: Machine): Promise<Process[]> {
  const listed = await machine.sh("ps -eo pid=,uid=,unit=,args=");
  return listed.split("\n").flatMap((line) => {
    const [, pid, uid, unit = "-", command = ""] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return unit === "-" ? [] : [{ pid: Number(pid), uid: Number(uid), unit, command: command.slice(0, 60) }];
  });
}
