/** The template as a file: what `pct create` gets, before any of it has run. */
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import t from "tap";
import { knownBase } from "../../builder/known/known-base.ts";
import { namesOfBase } from "../../builder/known/names-of-base.ts";
import { verifyTemplate } from "../../builder/targets/proxmox/verify.ts";
import { machineTraits } from "../../builder/verify/machine-traits.ts";
import { exists, readTextIfAny } from "../../lib/files.ts";
import { run } from "../../lib/run.ts";
import { manifestDocument } from "../../stack/documents/manifest.ts";
import { archiveListing, type Member } from "./archive-listing.ts";
import { debian } from "./debian.ts";
import { foreignAuthorities } from "./foreign-authorities.ts";
import { needs } from "./needs.ts";
import { pctCreate, shellBlocks } from "./pct-create.ts";
import { templateToTest } from "./template.ts";

t.setTimeout(10 * 60_000);

/** Folders where an identity or a secret would lie; one pass over the archive brings them all. */
const identityFolders = ["./etc", "./root", "./home", "./srv", "./var", "./opt", "./usr/local", "./usr/share"];

const template = await templateToTest();
if (needs(t, template === undefined ? "there is no template: bin/build-template" : "") && template !== undefined) {
  const stem = template.replace(/\.tar\.\w+$/, "");
  const file = basename(template);
  const listing = archiveListing(template);

  t.test("what is known of Debian before there is a base is what the base has", async (t) => {
    const { names, zones, languages } = knownBase(debian.suite);
    const there = namesOfBase(await archiveListing(template), { users: [], groups: [] });
    const wanted = [
      ...[...names].filter((name) => /^(unit |\/)/.test(name)),
      ...[...zones].map((zone) => `/usr/share/zoneinfo/${zone}`),
      ...[...languages].map((language) => `/usr/share/i18n/locales/${language}`),
    ];
    t.ok(wanted.length > 1000);
    t.same(
      wanted.filter((name) => !there.has(name)),
      [],
    );
  });

  t.test("R10 the template is a rootfs that pct create takes, and its owners and modes are Debian's", async (t) => {
    const name = new RegExp(
      `^debian-${debian.version}-stock-analysis_1\\.0\\.0-[0-9a-f]{8}_amd64\\.tar\\.(gz|zst|xz)$`,
    );
    t.match(file, name, "Proxmox's naming");
    const members = await listing;
    const find = (name: string) => members.find((member) => member.name === name);
    t.strictSame(
      names(members, ({ name }) => !name.startsWith("./")),
      [],
      "every name begins with ./",
    );
    t.strictSame(
      names(members, ({ uid, gid }) => uid > 65_535 || gid > 65_535),
      [],
      "owners fit the id mapping",
    );
    const plain = members.map(({ name }) => name.replace(/\/$/, ""));
    t.strictSame(duplicates(plain), [], "no name comes twice: the first would win");
    t.strictSame(
      names(members, ({ name }) => /^\.\/dev\/./.test(name)),
      [],
      "no device nodes",
    );
    for (const folder of ["proc", "sys", "run", "tmp", "dev"]) {
      t.ok(find(`./${folder}/`), `/${folder} is there to be mounted on`);
      t.strictSame(
        names(members, ({ name }) => name.startsWith(`./${folder}/`)),
        [`./${folder}/`],
        "and empty",
      );
    }
    t.equal(find("./tmp/")?.mode, 0o1777);
    for (const name of ["su", "passwd", "mount", "umount", "newgrp", "gpasswd", "chsh", "chfn"]) {
      t.match(find(`./usr/bin/${name}`), { mode: 0o4755, uid: 0, gid: 0 }, `${name} is setuid root`);
    }
    const launcher = find("./usr/lib/dbus-1.0/dbus-daemon-launch-helper");
    t.match(launcher, { mode: 0o4754, uid: 0 });
    t.not(launcher?.gid, 0, "the launch helper belongs to messagebus's group");
    t.equal(find("./usr/sbin/unix_chkpwd")?.mode, 0o2755, "setgid is kept");
    t.equal(find("./etc/shadow")?.mode, 0o640);
    t.equal(find("./etc/shadow")?.gid, 42, "shadow's group, by number");
    const extraordinary = members.filter(({ kind, mode }) => kind === "-" && (mode & 0o6000) !== 0);
    t.strictSame(
      extraordinary.map(({ name }) => name).filter((name) => !/^\.\/usr\/(s?bin|lib)\//.test(name)),
      [],
      "nothing outside Debian's own folders is setuid or setgid",
    );
    const ping = find("./usr/bin/ping");
    if (ping !== undefined) t.ok(ping.capability || (ping.mode & 0o4000) !== 0, "ping keeps its capability");
    t.strictSame(
      names(members, ({ kind, mode }) => kind !== "l" && (mode & 0o002) !== 0 && (mode & 0o1000) === 0),
      [],
    );
  });

  t.test("R10 its checksum and its manifest say what it is", async (t) => {
    const checked = await run("sha256sum", ["--check", `${file}.sha256`], { cwd: dirname(template), timeout: 120_000 });
    t.equal(checked.stdout, `${file}: OK\n`);
    const text = await readFile(`${stem}.manifest.json`, "utf8");
    const manifest = manifestDocument.parse(JSON.parse(text));
    const [sum] = (await readFile(`${template}.sha256`, "utf8")).split(" ");
    const { size } = await stat(template);
    t.strictSame(manifest.template, { file, sha256: sum, bytes: size });
    t.match(manifest, { name: "stock-analysis", debian: debian.version, architecture: "amd64" });
    t.equal(manifest.version, /_(1\.0\.0-[0-9a-f]{8})_/.exec(file)?.[1], "the version is the file name's");
    for (const name of [
      `postgresql-${debian.postgres}`,
      "redis-server",
      "rabbitmq-server",
      "build-essential",
      "libpq-dev",
      "git",
      "curl",
    ]) {
      t.ok(
        manifest.packages.some((known) => known.name === name && known.version !== ""),
        `it lists ${name}`,
      );
    }
    t.notMatch(text, /\/work\/|\/home\/|\/tmp\//, "no path of the building machine");
  });

  t.test("R10 build-template verify finds nothing wrong with it", async (t) => {
    const { signal } = new AbortController();
    const { checks, members } = await verifyTemplate({ file: template, machine: await machineTraits(), run, signal });
    const failures = checks.filter(({ state }) => state === "failed");
    t.strictSame(
      failures.flatMap(({ name, findings }) => findings.map((one) => `${name}: ${one}`)),
      [],
    );
    for (const name of ["checksum", "manifest", "archive", "names", "owners", "system", "identities", "secrets"]) {
      t.equal(checks.find((check) => check.name === name)?.state, "ok", name);
    }
    t.equal(members, (await listing).length, "it saw what tar sees");
  });

  t.test("R01 R10 the deployment document's pct create asks for the container as required", async (t) => {
    const document = await readFile(`${stem}.DEPLOY.md`, "utf8");
    const commands = shellBlocks(document);
    for (const command of commands) await run("sh", ["-n", "-c", command]);
    const created = commands.filter((command) => command.startsWith("pct create ")).map(pctCreate);
    const common = {
      hostname: "stock-analysis",
      ostype: "debian",
      unprivileged: "1",
      features: "nesting=0",
      cores: "4",
      memory: "8192",
      swap: "512",
      rootfs: "local-lvm:50",
      onboot: "1",
      start: "1",
    };
    const volume = `local:vztmpl/${file}`;
    t.strictSame(created, [
      { vmid: "120", volume, options: { ...common, net0: "name=eth0,bridge=vmbr0,ip=dhcp" } },
      { vmid: "120", volume, options: { ...common, net0: "name=eth0,bridge=vmbr0,ip=10.1.1.120/24,gw=10.1.1.1" } },
    ]);
    t.match(document, new RegExp(`\`${(await readFile(`${template}.sha256`, "utf8")).slice(0, 64)}\``));
    const [check] = commands;
    await run("sh", ["-ec", check?.split("\n")[0] ?? "false"], { cwd: dirname(template), timeout: 120_000 });
  });

  t.test("R10 no identity and no secret is baked in", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "template-"));
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    await run("tar", ["-xf", template, "-C", folder, "--numeric-owner", ...identityFolders], { timeout: 300_000 });
    const inside = (path: string): string => join(folder, path);
    const text = async (path: string): Promise<string> => (await readTextIfAny(inside(path))) ?? "";
    const list = async (path: string): Promise<string[]> => ((await exists(inside(path))) ? readdir(inside(path)) : []);

    t.equal(await text("etc/machine-id"), "", "no machine-id: the first boot makes one");
    t.strictSame(
      (await list("etc/ssh")).filter((name) => /^ssh_host_/.test(name)),
      [],
      "no SSH host keys",
    );
    for (const path of [
      "etc/ssl/private/ssl-cert-snakeoil.key",
      "etc/ssl/certs/ssl-cert-snakeoil.pem",
      "var/lib/rabbitmq/.erlang.cookie",
      "root/.erlang.cookie",
      "var/lib/systemd/random-seed",
      "var/lib/systemd/credential.secret",
      "var/lib/dbus/machine-id",
      "var/lib/stack-agent/state.json",
      "etc/hostname",
      "etc/mailname",
      "etc/resolv.conf",
      "root/.bash_history",
    ]) {
      t.notOk(await exists(inside(path)), `no ${path}`);
    }
    for (const path of [
      "var/lib/stack-agent/secrets",
      `var/lib/postgresql/${debian.postgres}`,
      "var/lib/apt/lists",
      "root/.ssh",
    ]) {
      t.strictSame(await list(path), [], `${path} is empty`);
    }
    for (const path of ["var/lib/redis", "var/lib/rabbitmq", "var/log"]) {
      t.equal((await run("find", [inside(path), "-type", "f"])).stdout, "", `no file in ${path}`);
    }
    t.ok(await exists(inside("var/log/journal")), "but the journal's folder");
    const passwords = (await text("etc/shadow"))
      .trim()
      .split("\n")
      .map((line) => line.split(":").slice(0, 2));
    t.strictSame(
      passwords.filter(([, hash]) => !/^[*!]/.test(hash ?? "")),
      [],
      "no account has a password",
    );

    const found = await run("grep", ["-rlIE", "-m1", "^-----BEGIN [A-Z ]*PRIVATE KEY-----", folder], {
      accept: [0, 1],
    });
    t.strictSame(lines(found.stdout), [], "no private key anywhere");
    t.strictSame(await foreignAuthorities(folder), [], "no certificate authority of the building machine");
    const sources = await text("etc/apt/sources.list.d/debian.sources");
    const addresses = [...sources.matchAll(/^URIs: (\S+)$/gm)].map(([, address]) => address);
    t.equal(addresses.length, 2, "the archive and its security updates");
    for (const address of addresses) {
      await run("grep", ["--fixed-strings", "--quiet", `'${address}'`, "/usr/bin/mmdebstrap"]);
    }
    t.match(sources, /^Suites: (\w+) \1-updates$[\s\S]*^Suites: \1-security$/m);
    t.strictSame(
      [await list("etc/apt/sources.list.d"), await exists(inside("etc/apt/sources.list"))],
      [["debian.sources"], false],
    );
    t.notMatch(
      (
        await run("grep", ["-rihE", "proxy|index-url", inside("etc/apt"), inside("etc/environment")], {
          accept: [0, 1, 2],
        })
      ).stdout,
      /:\/\/[^ ]+:\d+/,
      "no proxy",
    );
    for (const path of ["etc/pip.conf", "etc/uv/uv.toml", "root/.config", "root/.cache"]) {
      t.notOk(await exists(inside(path)), `no ${path}`);
    }
  });
}

function names(members: readonly Member[], wrong: (member: Member) => boolean): string[] {
  return members.filter(wrong).map(({ name }) => name);
}

function duplicates(all: readonly string[]): string[] {
  const seen = new Set<string>();
  return all.filter((name) => seen.has(name) || !seen.add(name));
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
