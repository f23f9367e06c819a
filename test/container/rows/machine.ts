import type { Test } from "tap";
import { manifestDocument } from "../../../stack/documents/manifest.ts";
import { statusDocument } from "../../../stack/documents/status.ts";
import type { Machine } from "../create-machine.ts";
import { debian } from "../debian.ts";
import { postgresLogin, redisLogin } from "../logins.ts";
import { brokerVersion } from "../management.ts";
import { required } from "../required.ts";
import { journal, unitProperties } from "../units.ts";

/** R01–R04: the machine itself, its address, what is installed, and that systemd is content. */
export function machineRows(t: Test, machine: Machine): void {
  t.test("R01 it is an unprivileged Debian of the size asked for", async (t) => {
    t.match(await machine.sh("cat /etc/debian_version"), new RegExp(`^${debian.version}\\.\\d+$`));
    t.match(await machine.sh("cat /proc/self/uid_map"), /^\s*0\s+100000\s+65536$/);
    t.match(await machine.sh("cat /proc/self/gid_map"), /^\s*0\s+100000\s+65536$/);
    t.equal(await machine.sh("hostname"), "stock-analysis");
    const limit = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || true";
    t.equal(await machine.sh(limit), String(8192 * 1024 * 1024));
  });

  t.test("R02 its address is leased by DHCP, and a neighbour reaches it there", async (t) => {
    const [link] = JSON.parse(await machine.sh("ip -json -4 address show dev eth0")) as {
      readonly addr_info: readonly { readonly local: string; readonly dynamic?: boolean }[];
    }[];
    const address = await machine.address();
    t.match(link?.addr_info, [{ local: address, dynamic: true }], "one address, with a lifetime");
    t.match(await machine.sh("ip route show default"), new RegExp(`^default via ${machine.network.gateway} dev eth0`));
    t.match(await machine.sh("cat /etc/network/interfaces"), /^iface eth0 inet dhcp$/m);
    t.equal(await machine.peer.tcp({ host: address, port: required.agent.port }), "open");
  });

  t.test("R03 what is asked for is installed, and an older version than asked for is told", async (t) => {
    const at = { ...(await postgresLogin(machine)), text: "SHOW server_version_num" };
    const [row] = (await machine.inside().pg(at)).rows;
    t.ok(Number(row?.server_version_num) >= 150_000, "PostgreSQL 15 or newer");
    const login = await redisLogin(machine);
    const info = String(await machine.inside().redis({ ...login, port: 6379, command: ["INFO", "server"] }));
    const redis = /redis_version:(\d+)\.(\S+)/.exec(info);
    t.ok(Number(redis?.[1]) >= 7, "Redis 7 or newer");
    const python = await machine.sh(
      "python3 -c 'import sys; print(sys.version_info >= (3, 11), sys.version.split()[0])'",
    );
    t.match(python, /^True /, "Python 3.11 or newer");
    t.match(await machine.sh("curl --version"), /^curl /);
    t.match(await machine.sh("git --version"), /^git version /);
    t.match(
      await machine.sh("dpkg -s build-essential libpq-dev | grep ^Status"),
      /^(Status: install ok installed\n?){2}$/,
    );
    const compiled = "echo '#include <libpq-fe.h>\nint main(void) { return PQlibVersion() < 150000; }' >/tmp/pq.c";
    await machine.sh(`${compiled} && gcc -I/usr/include/postgresql -o /tmp/pq /tmp/pq.c -lpq && /tmp/pq; rm /tmp/pq*`);
    t.equal(await machine.sh("command -v supervisord || true"), "", "no supervisor: nobody asked");

    const rabbitmq = await brokerVersion(machine);
    t.comment(
      `Python ${python.slice(5)}, PostgreSQL ${row?.server_version_num}, Redis ${redis?.[1]}.${redis?.[2]}, RabbitMQ ${rabbitmq}`,
    );
    const [major = 0, minor = 0] = rabbitmq.split(".").map(Number);
    const old = major < 3 || (major === 3 && minor < 12);
    const expected = old ? [`RabbitMQ is ${rabbitmq}, Debian ${debian.version}'s; 3.12 or newer is asked for`] : [];
    const baked = manifestDocument.parse(JSON.parse(await machine.sh("cat /usr/share/stack-agent/manifest.json")));
    t.strictSame(baked.deviations, expected, "the manifest has exactly that deviation");
    const installed = await machine.sh("dpkg-query -W rabbitmq-server erlang-base");
    const source = /^erlang-base\t.*~relocated/m.test(installed) ? "relocated" : "debian";
    const version = /^rabbitmq-server\t(.*)$/m.exec(installed)?.[1];
    t.strictSame(baked.sources, { rabbitmq: { source, version } }, "and where RabbitMQ comes from");
    const status = statusDocument.parse(JSON.parse(await machine.sh("stack-agent status --format json")));
    t.strictSame(status.deviations, expected, "and so has status");
  });

  t.test("one unit makes the host keys before sshd shows them, whatever else this Debian has for it", async (t) => {
    const { Wants } = await unitProperties(machine, "ssh.service", "Wants");
    const started = [];
    for (const unit of Wants.split(" ").filter((one) => one.endsWith(".service"))) {
      if ((await unitProperties(machine, unit, "LoadState")).LoadState === "loaded") started.push(unit);
    }
    t.strictSame(started, ["stack-ssh-keys.service"]);
  });

  t.test("R04 systemd runs with no failed unit, and still after every timer's service was started", async (t) => {
    await staysRunning(t, machine);
  });
}

/** systemd is content, and still is when the service of every timer has run. */
export async function staysRunning(t: Test, machine: Machine): Promise<void> {
  const isRunning = async (): Promise<void> => {
    t.equal(await machine.sh("systemctl is-system-running --wait || true"), "running");
    const failed = await failedUnits(machine);
    t.strictSame(failed, []);
    for (const line of failed) t.comment(await journal(machine, line.split(" ")[0] ?? ""));
  };
  await isRunning();
  const timers = JSON.parse(await machine.sh("systemctl list-timers --all --output=json")) as {
    readonly unit: string;
    readonly activates: string;
  }[];
  t.ok(
    timers.some(({ unit }) => unit === "logrotate.timer"),
    "logrotate's is among them",
  );
  for (const { activates } of timers) {
    const started = await machine.exec("systemctl", ["start", activates], { accept: [0, 1], timeout: 180_000 });
    t.equal(started.code, 0, `${activates} runs: ${started.stderr}`);
  }
  await isRunning();
}

export async function failedUnits(machine: Machine): Promise<string[]> {
  const { stdout } = await machine.exec("systemctl", ["list-units", "--failed", "--plain", "--no-legend"]);
  return stdout.split("\n").filter((line) => line !== "");
}
