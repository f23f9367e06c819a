/** One container that meets three hosts, each of which lets its units do less, or more. */
import t, { type Test } from "tap";
import { type DoctorDocument, doctorDocument } from "../../stack/documents/doctor.ts";
import { askedFor } from "./asked-for.ts";
import { serviceNames, serviceSocket, serviceUnit } from "./required.ts";
import { staysRunning } from "./rows/machine.ts";
import { areRated, sandboxed } from "./rows/sandbox.ts";
import { setMounts } from "./set-mounts.ts";
import { becomesHealthy, stackMachine } from "./stack-machine.ts";
import { unitProperties } from "./units.ts";

t.setTimeout(15 * 60_000);

/** Of each directive that Proxmox's nesting=0 refuses: how it reads when it is off. */
const four = { ProtectProc: "default", ProcSubset: "all", ProtectKernelTunables: "no", ProtectControlGroups: "no" };

/** And of those that mount. */
const mounting = {
  ...four,
  PrivateTmp: "no",
  PrivateDevices: "no",
  PrivateIPC: "no",
  PrivateMounts: "no",
  ProtectSystem: "no",
  ProtectHome: "no",
  ProtectKernelModules: "no",
  ProtectKernelLogs: "no",
  ReadWritePaths: "",
  ReadOnlyPaths: "",
  InaccessiblePaths: "",
  NoExecPaths: "",
};

/** systemd 256's capsules, which nobody starts here: a dynamic user's service has these whatever it asks for. */
const ofDynamicUsers = /^capsule@probe\.service: (PrivateTmp|ProtectSystem|ProtectHome)=/;

/** Installed by somebody after us, with all that a container may refuse. */
const later = `[Service]
Type=oneshot
User=nobody
ProtectProc=invisible
ProtectKernelTunables=yes
PrivateTmp=yes
ProtectSystem=strict
LoadCredential=word:/root/word
LoadCredential=later:/root/later
SetCredential=later:\\x0a
ExecStart=/bin/sh -c 'cat "$CREDENTIALS_DIRECTORY/word"; ls -ld "$CREDENTIALS_DIRECTORY"; wc -c <"$CREDENTIALS_DIRECTORY/later"'
`;

const machine = await stackMachine(t, { nesting: true, mounts: false });
if (machine !== undefined) {
  const isFound = async (t: Test, kind: string, how: string): Promise<void> => {
    const { stdout } = await machine.exec("stack-agent", ["status"], { accept: [0, 2] });
    t.match(stdout, new RegExp(`^sandbox: ${kind}, ${how}$`, "m"), "and status tells which it is");
  };

  const isSettled = async (t: Test): Promise<void> => {
    t.equal(await machine.sh("stack-agent provision --plan --json"), '{"actions":[],"unseen":[]}');
    for (const unit of sandboxed) {
      const known: Readonly<Record<string, string>> = await unitProperties(machine, unit, "NeedDaemonReload");
      t.strictSame(known, { NeedDaemonReload: "no" }, `${unit}: systemd knows its files`);
    }
    const masked = await unitProperties(machine, "redis-server.service", "LoadState");
    t.strictSame(masked, { LoadState: "masked" }, "what is masked stays so");
    for (const name of ["hostnamed", "localed", "timedated", "logind"]) {
      await machine.exec("systemctl", ["start", `systemd-${name}.service`]);
    }
    await staysRunning(t, machine);
  };

  const isMet = async (t: Test): Promise<void> => {
    await machine.sh(
      `echo secret >/root/word && printf '%s' '${later.replaceAll("'", "'\\''")}' >/etc/systemd/system/later.service`,
    );
    await machine.exec("systemctl", ["daemon-reload"]);
    await machine.exec("systemctl", ["start", "later.service"]);
    // Its own lines alone: systemd's come by another way, and may fall between them.
    const said = await machine.sh("journalctl --sync && journalctl -b -u later.service -t sh -o cat");
    t.match(said, /^secret\ndr-x------ \d nobody .*\n1$/m);
    await machine.sh("rm /etc/systemd/system/later.service && systemctl daemon-reload");
  };

  const examined = async (t: Test): Promise<DoctorDocument> => {
    const units = "systemctl list-units --all --plain --no-legend 'stack-doctor*'";
    const said = await machine.exec("stack-agent", ["doctor", "--json"], { accept: [0, 1, 2], timeout: 120_000 });
    const document = doctorDocument.parse(JSON.parse(said.stdout));
    t.equal(
      said.code,
      { kept: 0, broken: 1, "not-enforced": 2 }[document.status],
      `its exit code says ${document.status}`,
    );
    t.equal(await machine.sh(units), "", "nothing is left of it");
    return document;
  };

  t.test("no mounts: found out by itself, everything comes up healthy, with secrets lent as files", async (t) => {
    await becomesHealthy(t, machine, await machine.start(), "first boot without mounts");
    await isFound(t, "no-mounts", "probed");
    const { looked, on } = await askedFor(machine, mounting);
    t.strictSame(
      on.filter((directive) => !ofDynamicUsers.test(directive)),
      [],
    );
    t.ok(looked > 100, `of ${looked} services, packaged and D-Bus-activated ones included`);
    await isSettled(t);
    await isMet(t);
  });

  t.test("no mounts: a service reads its own secrets and no other's", async (t) => {
    for (const name of serviceNames) {
      for (const owner of serviceNames) {
        const file = `/run/stack-credentials/${serviceUnit(owner)}/postgres_password`;
        const reading = `setpriv --reuid=svc-${name} --regid=svc-${name} --clear-groups test -r ${file}`;
        t.equal((await machine.exec("sh", ["-c", reading], { accept: [0, 1] })).code === 0, owner === name);
      }
    }
    const unit = serviceUnit("frontend");
    // Its socket would start it again at the next look at its health.
    await machine.exec("systemctl", ["stop", serviceSocket("frontend"), unit]);
    t.equal(
      await machine.sh(`ls /run/stack-credentials | grep -c ${unit} || true`),
      "0",
      "lent while it runs, no longer",
    );
    await machine.exec("systemctl", ["start", serviceSocket("frontend"), unit]);
  });

  t.test("no mounts: the doctor says what can't be enforced, and holds nothing for broken", async (t) => {
    const { status, units, confinement } = await examined(t);
    t.equal(status, "not-enforced");
    t.strictSame(confinement, { kind: "no-mounts", how: "probed" });
    t.strictSame(notKept(units, "broken"), []);
    t.ok(notKept(units, "not-enforced").includes(`${serviceUnit("frontend")}: files`));
    t.notOk(
      notKept(units, "not-enforced").some((one) => one.endsWith(": secrets")),
      "secrets are safe here too",
    );
  });

  t.test("nesting: found out at the next boot, and every unit has all of its sandbox", async (t) => {
    await machine.stop({ kill: true });
    await setMounts(machine, true);
    await becomesHealthy(t, machine, await machine.start(), "boot with nesting");
    await isFound(t, "nesting", "probed");
    const { on } = await askedFor(machine, four);
    for (const unit of sandboxed) {
      t.ok(on.includes(`${unit}: ProtectProc=invisible`), `${unit} sees its own processes only`);
      t.ok(on.includes(`${unit}: ProtectKernelTunables=yes`));
      t.ok(on.includes(`${unit}: ProtectControlGroups=yes`));
    }
    t.ok(on.includes("logrotate.service: ProtectControlGroups=yes"), "packages' units too");
    await areRated(t, machine, 1.2);
    await isSettled(t);
    await isMet(t);
  });

  t.test("nesting: the doctor finds every promise kept that the kernel can keep", async (t) => {
    const { units } = await examined(t);
    t.ok(units.length >= sandboxed.length, `${units.length} units`);
    for (const { unit, promises } of units) t.ok(promises.length >= 11, `${unit} makes ${promises.length} promises`);
    t.strictSame(notKept(units, "broken"), []);
    t.strictSame(
      notKept(units, "not-enforced").filter((one) => !one.endsWith(": network")),
      [],
      "but for filtered addresses, where BPF is missing",
    );
  });

  t.test("the doctor finds a sandbox that was taken away, and who it is that has it", async (t) => {
    const unit = "redis-server@6380.service";
    const folder = `/etc/systemd/system/${unit}.d`;
    await machine.sh(`mkdir ${folder} && printf '[Service]\\nProtectSystem=no\\n' >${folder}/planted.conf`);
    await machine.exec("systemctl", ["daemon-reload"]);
    const { status, units } = await examined(t);
    t.equal(status, "broken");
    t.strictSame(notKept(units, "broken"), [`${unit}: files`]);
    const found = units.find((one) => one.unit === unit)?.promises.find(({ state }) => state === "broken");
    t.ok(found?.found.includes("/usr is not read-only"));
    t.ok(found?.hint?.includes(`systemctl cat ${unit}`), "and says where to look");
    const table = await machine.exec("stack-agent", ["doctor"], { accept: [1], timeout: 120_000 });
    t.match(table.stdout, /^redis-server@6380\.service +redis +fail .*broken: writes its own folders only/m);
    await machine.sh(`rm -r ${folder} && systemctl daemon-reload`);
  });

  t.test("the doctor interrupted leaves nothing behind", async (t) => {
    const script = "stack-agent doctor >/dev/null 2>&1 & sleep 1; kill -INT $!; wait $!; echo $?";
    t.equal(await machine.sh(script, { timeout: 60_000 }), "130");
    t.equal(await machine.sh("systemctl list-units --all --plain --no-legend 'stack-doctor*'"), "");
    t.equal(await machine.sh("find /tmp /var/tmp /dev/shm /run -name '.sandbox-probe*'"), "");
  });

  t.test("no nesting, as stack.yaml says: no service asks for one of the four directives", async (t) => {
    await machine.sh("sed -i 's/^sandbox: auto$/sandbox: no-nesting/' /etc/stack-agent/stack.yaml");
    await machine.exec("stack-agent", ["provision"], { timeout: 120_000 });
    await becomesHealthy(t, machine, await machine.reboot({ kill: true }), "boot without nesting");
    await isFound(t, "no-nesting", "forced");
    const { looked, on } = await askedFor(machine, four);
    t.strictSame(on, []);
    t.ok(looked > 100, `of ${looked} services, packaged and D-Bus-activated ones included`);
    await areRated(t, machine, 1.7);
    await isSettled(t);
    await isMet(t);
    const document = await examined(t);
    t.strictSame(notKept(document.units, "broken"), []);
    t.strictSame(document.confinement, { kind: "no-nesting", how: "forced" });
    t.comment("AppArmor isn't there to refuse them: that the units don't ask is what is tested");
  });
}

function notKept(units: DoctorDocument["units"], state: "broken" | "not-enforced"): string[] {
  return units.flatMap(({ unit, promises }) =>
    promises.filter((one) => one.state === state).map(({ promise }) => `${unit}: ${promise}`),
  );
}
