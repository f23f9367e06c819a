import type { Test } from "tap";
import type { Machine } from "../create-machine.ts";
import { serviceNames, serviceUnit } from "../required.ts";
import { sandboxed } from "./sandbox.ts";

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

/** R17: who runs as whom, with which capabilities, and who may read the secrets. */
export function privilegeRows(t: Test, machine: Machine): void {
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
}

/** Every process of a unit; the test's own, attached from outside, is in none. */
async function processes(machine: Machine): Promise<Process[]> {
  const listed = await machine.sh("ps -eo pid=,uid=,unit=,args=");
  return listed.split("\n").flatMap((line) => {
    const [, pid, uid, unit = "-", command = ""] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return unit === "-" ? [] : [{ pid: Number(pid), uid: Number(uid), unit, command: command.slice(0, 60) }];
  });
}
