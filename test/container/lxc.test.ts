/** Proves lib/lxc itself, with a plain Debian 12: what the stack's own tests then stand on. */
import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { isStackError, messageOf } from "../../lib/error.ts";
import { exists } from "../../lib/files.ts";
import { isAlive } from "../../lib/is-alive.ts";
import { silentLog } from "../../lib/log.ts";
import { extractTemplate } from "../../lib/lxc/extract-template.ts";
import { containersWithCgroups } from "../../lib/lxc/remove-cgroups.ts";
import { ownerOf } from "../../lib/lxc/run-name.ts";
import { sweep } from "../../lib/lxc/sweep.ts";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { createMachine, setUpNetwork } from "./create-machine.ts";
import { minimalTemplate } from "./minimal-template.ts";
import { canRunContainers, workFolder } from "./needs.ts";

t.setTimeout(30 * 60_000);

if (await canRunContainers(t)) {
  const template = await minimalTemplate();
  const site = await setUpNetwork(t);
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBtest admin@example.org";
  const machine = await createMachine(site, { template, memory: 1024, cores: 1, sshKeys: key });
  const { rootfs } = machine.settings;
  const guestFile = (path: string): string => join(rootfs, path);

  t.test("creating rewrites what pct create rewrites", async (t) => {
    t.equal(machine.guest.os, "debian");
    t.match(machine.guest.version, /^12\./);
    t.equal(machine.guest.architecture, "amd64");
    t.notOk(await exists(guestFile("etc/machine-id")), "no machine-id: systemd will preset");
    t.match(await readFile(guestFile("etc/shadow"), "utf8"), /^root:\*:/m, "root has no password");
    t.equal((await stat(guestFile("etc/shadow"))).gid, 100_042, "shadow keeps its group");
    t.match(await readFile(guestFile("root/.ssh/authorized_keys"), "utf8"), key);
    t.equal(await readFile(guestFile("etc/hostname"), "utf8"), "stock-analysis\n");
    t.match(
      await readFile(guestFile("etc/hosts"), "utf8"),
      /BEGIN PVE ---\n[^#]*127\.0\.1\.1 stock-analysis\n# --- END/,
    );
    t.match(await readFile(guestFile("etc/network/interfaces"), "utf8"), /auto eth0\niface eth0 inet dhcp\n/);
    t.match(await readFile(guestFile("etc/resolv.conf"), "utf8"), `nameserver ${machine.network.gateway}\n`);
    t.match(await readFile(guestFile("etc/systemd/system-preset/00-pve.preset"), "utf8"), /disable systemd-networkd/);
    t.notOk(await exists(guestFile("etc/ssl/private/ssl-cert-snakeoil.key")), "the baked snakeoil key is gone");
    t.match(await readFile(guestFile("etc/ssh/ssh_host_ed25519_key.pub"), "utf8"), /root@stock-analysis\n/);
    for (const path of ["etc/hosts", "etc/ssh/ssh_host_rsa_key", "root/.ssh", "usr/bin/env"]) {
      t.equal((await stat(guestFile(path))).uid, 100_000, `${path} belongs to the container's root`);
    }
  });

  t.test("it boots unprivileged with systemd as its first process and gets a lease", async (t) => {
    await machine.start();
    const address = await machine.address();
    t.match(address, /^10\.1\.1\.\d+$/);
    t.equal(await machine.sh("cat /proc/1/comm"), "systemd");
    t.match(await machine.sh("cat /proc/self/uid_map"), /^\s*0\s+100000\s+65536$/);
    t.equal(await machine.sh("hostname"), "stock-analysis");
    t.match(await machine.sh("systemctl is-system-running --wait || true"), /^(running|degraded)$/);
    t.equal(await machine.peer.tcp({ host: address, port: 22 }), "open", "its ssh answers its neighbour");
    t.equal(await machine.peer.tcp({ host: address, port: 9 }), "refused");
    t.equal(await machine.inside().tcp({ host: "127.0.0.1", port: 22 }), "open", "clients live inside it too");
  });

  t.test("commands inside have an environment of their own, and their exit code is told", async (t) => {
    process.env.STACK_TEST_LEAK = "leaked";
    const environment = await machine.sh("env");
    t.notMatch(environment, /STACK_TEST_LEAK/);
    t.match(environment, /^HOME=\/root$/m);
    t.equal((await machine.exec("sh", ["-c", "exit 7"], { accept: [7] })).code, 7);
    await t.rejects(machine.exec("false"), { code: "command-failed" });
    t.equal((await machine.exec("cat", [], { input: "through stdin" })).stdout, "through stdin");
  });

  t.test("its limits are the cgroup's", async (t) => {
    const limit = await machine.sh(
      "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || true",
    );
    t.equal(limit, String(1024 * 1024 * 1024));
    t.equal(await machine.sh("nproc"), "1");
  });

  t.test("a reboot keeps data and identity, and starting rewrites the same again", async (t) => {
    await machine.sh("echo kept > /var/lib/kept && sync");
    const id = await machine.sh("cat /etc/machine-id");
    await rm(guestFile("etc/hostname"));
    await machine.reboot();
    t.equal(await machine.sh("cat /var/lib/kept"), "kept");
    t.equal(await machine.sh("cat /etc/machine-id"), id);
    t.equal(await machine.sh("cat /etc/hostname"), "stock-analysis");
    t.equal((await machine.sh("cat /etc/hosts")).match(/BEGIN PVE/g)?.length, 1, "one section, not two");
    await machine.reboot({ kill: true });
    t.equal(await machine.sh("cat /var/lib/kept"), "kept", "a power cut too");
  });

  t.test("a file with a .pve-ignore beside it is left alone at every start", async (t) => {
    await machine.sh("echo mine > /etc/hostname; touch /etc/.pve-ignore.hostname");
    await machine.reboot({ kill: true });
    t.equal(await machine.sh("cat /etc/hostname"), "mine");
    await machine.sh("rm /etc/.pve-ignore.hostname");
  });

  t.test("a rewrite never leaves the container, whatever its links say", async (t) => {
    const outside = join(workFolder, `outside-${process.pid}`);
    await mkdir(outside);
    t.teardown(() => rm(outside, { recursive: true }));
    await machine.destroy();
    const trap = await createMachine(site, { template, memory: 512 });
    const moved = join(trap.settings.rootfs, "etc/network");
    await run("sh", ["-c", `mv ${moved} ${trap.settings.rootfs}/srv/network && ln -s ${outside} ${moved}`]);
    await t.rejects(trap.start(), { code: "guest-unusable" });
    t.strictSame(await readdir(outside), []);
  });

  t.test("destroying leaves no process, cgroup, mount or folder", async (t) => {
    const { name } = machine.container;
    t.notOk((await containersWithCgroups()).has(name));
    t.notMatch(await readFile("/proc/self/mountinfo", "utf8"), name);
    t.notOk(await exists(join(workFolder, name)));
    const commands = await run("ps", ["-eo", "args"]);
    t.notMatch(commands.stdout, new RegExp(`lxc monitor.*${name}`));
  });

  t.test("a static address is on the interface, in the hosts file and reachable", async (t) => {
    const addressing = { kind: "static", address: "10.1.1.120/24", gateway: "10.1.1.1" } as const;
    const still = await createMachine(site, { template, memory: 512, addressing, nesting: true });
    await still.start();
    t.equal(await still.address(), "10.1.1.120");
    t.match(await still.sh("cat /etc/hosts"), /^10\.1\.1\.120 stock-analysis$/m);
    t.match(await still.sh("ip route"), /^default via 10\.1\.1\.1 /m);
    await still.sh("systemctl is-system-running --wait || true");
    t.equal(await still.peer.tcp({ host: "10.1.1.120", port: 22 }), "open");
    await still.destroy();
  });

  t.test("templates are taken and refused as pct does", async (t) => {
    const folder = join(workFolder, `templates-${process.pid}`);
    await mkdir(folder, { recursive: true });
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    const rootfs = join(folder, "rootfs");
    /** Builds an archive by GNU tar from steps of `tar` arguments over a small tree. */
    const pack = async (name: string, script: string): Promise<string> => {
      await run(
        "sh",
        ["-ec", `rm -rf tree; mkdir tree; cd tree; ${script}; gzip -c ../t.tar > ../${name}; rm ../t.tar`],
        {
          cwd: folder,
        },
      );
      return join(folder, name);
    };
    const extract = (path: string): Promise<void> => extractTemplate({ template: path, rootfs, run, log: silentLog });

    const twice = await pack(
      "twice.tar.gz",
      "echo first > f; tar cf ../t.tar ./f; echo second > f; tar rf ../t.tar ./f",
    );
    await extract(twice);
    t.equal(await readFile(join(rootfs, "f"), "utf8"), "first\n", "of two members with one name the first wins");
    t.equal((await stat(join(rootfs, "f"))).uid, 100_000);
    await rm(rootfs, { recursive: true });

    const device = "mkdir dev; mknod dev/null c 1 3";
    await extract(await pack("dotted.tar.gz", `${device}; tar cf ../t.tar ./dev`));
    t.strictSame(await readdir(join(rootfs, "dev")), [], "a device below ./dev is left out");
    await rm(rootfs, { recursive: true });

    for (const [what, script] of Object.entries({
      "a device named without ./": `${device}; tar cf ../t.tar dev`,
      "an owner of 65536": "touch f; chown 65536:0 f; tar cf ../t.tar ./f",
      "a cut file": "echo x > f; tar cf ../t.tar ./f; head -c 700 ../t.tar > ../cut; mv ../cut ../t.tar",
    })) {
      await t.rejects(extract(await pack("bad.tar.gz", script)), { code: "extract-failed" }, `${what} fails`);
      t.notOk(await exists(rootfs), `and nothing of it is left`);
    }
    await writeFile(join(folder, "t.tgz"), "");
    await t.rejects(extract(join(folder, "t.tgz")), {
      code: "template-name",
      message: /unable to parse directory volume name/,
    });
    await t.rejects(extract(join(folder, "none.tar.gz")), { code: "template-missing" });
  });

  t.test("what a crashed run left is swept away, and a live run's is not", async (t) => {
    const owner = spawn(
      process.execPath,
      ["--no-warnings", fileURLToPath(new URL("./abandon.ts", import.meta.url)), template],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const output: Buffer[] = [];
    for await (const chunk of owner.stdout) output.push(chunk as Buffer);
    const left = JSON.parse(Buffer.concat(output).toString()) as { pid: number; container: string; network: string };
    t.ok(isAlive(left.pid), "the container of the dead owner still runs");
    const removed = await sweep({ folder: workFolder, run, log: silentLog });
    t.strictSame([...removed].sort(), [left.container, left.network].sort());
    await waitFor(async () => !isAlive(left.pid), { what: "the container's init to be reaped", timeout: 20_000 });
    t.notOk(await exists(join(workFolder, left.container)));
    t.notOk(await exists(`/run/netns/${left.network}`));
    t.notOk((await containersWithCgroups()).has(left.container));
    t.ok(await exists(site.network.namespace), "this run's network stays");
    t.equal(ownerOf(site.network.name), process.pid);
  });

  t.test("a container that can't start says why", async (t) => {
    const broken = await createMachine(site, { template, memory: 512 });
    await run("sh", ["-c", `rm ${broken.settings.rootfs}/usr/lib/systemd/systemd`]);
    const error = await broken.start().catch((thrown: unknown) => thrown);
    t.ok(isStackError(error), messageOf(error));
    t.match(error, { code: "start-failed" });
    if (isStackError(error)) t.match(error.detail.join("\n"), /init|Exec/i);
  });
}
