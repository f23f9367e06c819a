import type { Test } from "tap";
import type { Machine } from "../create-machine.ts";
import { required, type ServiceName, serviceNames, serviceUnit } from "../required.ts";
import { mainPid, unitProperties } from "../units.ts";

const databases = [required.postgres.unit, ...required.redis.units, required.rabbitmq.unit];
/** The long-running units of the stack. */
export const sandboxed = [...serviceNames.map(serviceUnit), required.agent.unit, ...databases, "epmd.service"];

/** R17: what the sandboxes do, seen from inside them. */
export function sandboxRows(t: Test, machine: Machine): void {
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
      [required.postgres.unit, required.postgres.dataDirectory],
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
    const values = (await machine.sh('cd /var/lib/stack-agent/secrets && for each in *; do cat "$each"; echo; done'))
      .split("\n")
      .filter((line) => line.length >= 16);
    t.ok(values.length > 3, "there are secrets to look for");
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
        environment.filter(
          (line) => /^[^=]*(password|secret|token)/i.test(line) || values.some((value) => line.includes(value)),
        ),
        [],
        "and none in its environment",
      );
    }
  });

  t.test("R17 systemd rates the sandboxes as they were measured", async (t) => {
    await areRated(t, machine, 1.2);
    for (const unit of sandboxed) {
      const { DynamicUser } = await unitProperties(machine, unit, "DynamicUser");
      t.equal(DynamicUser, "no", `${unit}: a static user`);
    }
  });
}

/** `systemd-analyze security` gives no sandbox of ours more than this; it tells one digit. */
export async function areRated(t: Test, machine: Machine, worst: number): Promise<void> {
  for (const unit of [...sandboxed, "stack-ssh-keys.service"]) {
    const scored = await machine.sh(`systemd-analyze security --no-pager ${unit} | tail -1`);
    const score = Number(/: ([\d.]+)/.exec(scored)?.[1]);
    t.ok(score <= worst, `${unit}: ${score}`);
  }
}

/** What is said of an attempt to write into a folder; nothing where it succeeds. */
async function writing(machine: Machine, folder: string): Promise<string> {
  const attempt = `touch ${folder}/.probe 2>&1 && rm ${folder}/.probe`;
  return (await machine.exec("sh", ["-c", attempt], { accept: [0, 1] })).stdout.trim();
}
