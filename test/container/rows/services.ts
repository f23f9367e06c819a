import type { Test } from "tap";
import { waitFor } from "../../../lib/wait.ts";
import { healthDocument } from "../../../stack/documents/health.ts";
import type { Machine } from "../create-machine.ts";
import { answers } from "../health.ts";
import { required, serviceNames, serviceSocket, serviceUnit } from "../required.ts";
import { journal, mainPid, restarted, unitProperties } from "../units.ts";

const dependencies = [required.postgres.unit, ...required.redis.units, required.rabbitmq.unit];
const ours = [
  ...serviceNames.flatMap((name) => [serviceUnit(name), serviceSocket(name)]),
  required.agent.unit,
  "stack-provision.service",
  required.target,
];

/** R06–R08: where the services listen, what their units are, and what systemd keeps of them. */
export function serviceRows(t: Test, machine: Machine): void {
  t.test("R06 each service listens on its own port on every address, and answers a neighbour", async (t) => {
    const listening = await machine.sh("ss -ltnpH");
    const address = await machine.address();
    for (const name of serviceNames) {
      const { port } = required.services[name];
      const pid = await mainPid(machine, serviceUnit(name));
      const lines = listening.split("\n").filter((line) => new RegExp(`:${port} `).test(line));
      t.equal(lines.length, 1, `one socket on ${port}`);
      // So `ss` writes a socket of both families.
      t.match(lines[0], new RegExp(`^LISTEN +\\d+ +\\d+ +\\*:${port} .*pid=${pid},`), `and it is ${name}'s`);
      const answer = await machine.peer.http({ url: `http://${address}:${port}/health` });
      t.match(answer, { status: 200, headers: { "content-type": /^application\/health\+json/ } });
      t.match(healthDocument.parse(JSON.parse(answer.body)), { status: "pass", serviceId: name });
      t.equal((await machine.peer.http({ url: `http://${address}:${port}/livez` })).status, 200);
      t.match(await machine.peer.http({ url: `http://${address}:${port}/metrics` }), {
        status: 200,
        body: /^# HELP /m,
      });
    }
  });

  t.test("R07 the services' units come from one template, and systemd finds no fault in them", async (t) => {
    const texts = await Promise.all(
      serviceNames.map((name) => machine.sh(`cat /etc/systemd/system/${serviceUnit(name)}`)),
    );
    const skeletons = texts.map((text, index) => skeleton(text, serviceNames[index] ?? ""));
    for (const [index, name] of serviceNames.entries()) {
      t.strictSame(skeletons[index], skeletons[0], `${name}'s unit is the first one's but for its name`);
    }
    for (const unit of [...ours, ...dependencies, "epmd.service", "epmd.socket", "stack-ssh-keys.service"]) {
      const verified = await machine.exec("systemd-analyze", ["verify", "--man=no", unit], { accept: [0, 1] });
      t.strictSame([verified.code, verified.stdout + verified.stderr], [0, ""], `${unit} is clean`);
    }
  });

  t.test("R07 env files are root's, one a service and a common one, and hold no secret", async (t) => {
    const listed = (await machine.sh("stat -c '%n %a %U:%G' /etc/stock-analysis/*")).split("\n");
    t.strictSame(
      listed.sort(),
      [
        "/etc/stock-analysis/common.env 640 root:stock-analysis",
        ...serviceNames.map((name) => `/etc/stock-analysis/${name}.env 640 root:svc-${name}`),
      ].sort(),
    );
    t.strictSame(
      await secretsIn(machine, "/etc/stock-analysis /etc/systemd /etc/stack-agent /usr/share/stack-agent"),
      [],
    );
    for (const name of serviceNames) {
      const user = `svc-${name}`;
      const own = await machine.exec("runuser", ["-u", user, "--", "cat", `/etc/stock-analysis/${name}.env`], {
        accept: [0, 1],
      });
      t.match(own.stdout, new RegExp(`^SERVICE_PORT=${required.services[name].port}$`, "m"), `${user} reads its own`);
      const foreign = serviceNames.find((other) => other !== name);
      const refused = await machine.exec("runuser", ["-u", user, "--", "cat", `/etc/stock-analysis/${foreign}.env`], {
        accept: [0, 1],
      });
      t.equal(refused.code, 1, "and no other's");
    }
  });

  t.test("R08 databases and services log to the journal, whose size is limited", async (t) => {
    t.match(await journal(machine, required.postgres.unit), /database system is ready to accept connections/);
    for (const unit of required.redis.units) t.match(await journal(machine, unit), /Ready to accept connections/);
    t.match(await journal(machine, required.rabbitmq.unit), /Server startup complete/);
    for (const name of serviceNames) {
      const lines = (await journal(machine, serviceUnit(name))).split("\n").filter((line) => line.startsWith("{"));
      t.ok(lines.length > 0, `${name} logs JSON`);
      t.match(JSON.parse(lines.at(-1) ?? "{}"), { service: name, level: String, message: String });
    }
    const limits = await machine.sh("journalctl --no-pager -b -o cat -t systemd-journald | grep '^System Journal'");
    t.match(limits, /^System Journal \(\/var\/log\/journal\/\w+\) is .* max 512(\.0)?M/m, "on disk, at most 512 MiB");
    t.equal(
      await machine.sh("find /var/log/postgresql /var/log/redis /var/log/rabbitmq -type f -size +0"),
      "",
      "and no logs beside it",
    );
  });

  t.test("R08 services are ordered after what they need, and don't fall with it", async (t) => {
    for (const name of serviceNames) {
      const unit = await unitProperties(
        machine,
        serviceUnit(name),
        "After",
        "Wants",
        "Requires",
        "BindsTo",
        "Restart",
        "StartLimitIntervalUSec",
      );
      const after = unit.After.split(" ");
      for (const other of [...dependencies, "stack-provision.service"])
        t.ok(after.includes(other), `${name} is after ${other}`);
      for (const other of dependencies) {
        t.ok(unit.Wants.split(" ").includes(other), `${name} wants ${other}`);
        t.notOk(`${unit.Requires} ${unit.BindsTo}`.split(" ").includes(other), "and doesn't require it");
      }
      t.ok(unit.Requires.split(" ").includes(serviceSocket(name)), "its socket alone");
      t.match(unit, { Restart: "always", StartLimitIntervalUSec: "0" });
    }
  });

  t.test("R08 start, stop and restart work, and a restart asked for isn't delayed", async (t) => {
    const name = "monitoring";
    const unit = serviceUnit(name);
    const first = await mainPid(machine, unit);
    await machine.exec("systemctl", ["restart", unit], { timeout: 120_000 });
    const second = await restarted(machine, unit, first);
    t.notMatch(await journal(machine, unit), /^restarting in/m, "a restart asked for isn't delayed");
    await machine.exec("systemctl", ["stop", serviceSocket(name)], { timeout: 60_000 });
    t.match(await unitProperties(machine, unit, "ActiveState", "Result"), {
      ActiveState: "inactive",
      Result: "success",
    });
    t.equal(await machine.inside().tcp({ host: "127.0.0.1", port: required.services[name].port }), "refused");
    await machine.exec("systemctl", ["start", unit], { timeout: 120_000 });
    const third = await restarted(machine, unit, second);
    await answers(t, machine, required.services[name].port, 200);
    await machine.exec("systemctl", ["stop", unit], { timeout: 60_000 });
    await answers(t, machine, required.services[name].port, 200);
    await restarted(machine, unit, third);
    t.pass("one that is stopped alone is started by the next who comes");
    // The target's own job ends first, then those of what is part of it.
    await machine.exec("systemctl", ["stop", required.target], { timeout: 120_000 });
    for (const other of serviceNames) {
      const stopped = async () => (await unitProperties(machine, serviceUnit(other), "ActiveState")).ActiveState;
      await waitFor(async () => (await stopped()) === "inactive", { what: `${other} to stop`, timeout: 30_000 });
    }
    await machine.exec("systemctl", ["start", required.target], { timeout: 120_000 });
    for (const other of serviceNames) await answers(t, machine, required.services[other].port, 200);
  });
}

/** A unit without what may differ: its own name, port-less, and the others it mustn't see. */
function skeleton(text: string, name: string): string[] {
  return text
    .split("\n")
    .filter((line) => !line.startsWith("InaccessiblePaths="))
    .map((line) => line.replaceAll(name, "NAME"));
}

/** Files that hold one of the instance's secrets in plain text. */
async function secretsIn(machine: Machine, folders: string): Promise<string[]> {
  const patterns = "for f in /var/lib/stack-agent/secrets/*; do cat $f; echo; done | grep -v '^$' >/run/patterns";
  const found = await machine.sh(
    `${patterns}; test -s /run/patterns && grep -rlFf /run/patterns ${folders}; rm /run/patterns`,
  );
  return found.split("\n").filter((line) => line !== "");
}
