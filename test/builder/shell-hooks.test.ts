import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { verifyTemplate } from "../../builder/targets/proxmox/verify.ts";
import { run } from "../../lib/run.ts";
import { identities } from "../../stack/components/identities.ts";

const folder = join(import.meta.dirname, "../../builder/layers/base");

t.test("sanitise takes out every identity, secret and trace, and names Debian's sources", async (t) => {
  const root = t.testdir();
  const dirty: Readonly<Record<string, string>> = {
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "etc/hostname": "builder\n",
    "etc/resolv.conf": "nameserver 192.0.2.1\n",
    "etc/passwd-": "",
    "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
    "etc/ssh/ssh_host_ed25519_key": "-----BEGIN OPENSSH PRIVATE KEY-----\n",
    "etc/ssh/ssh_host_ed25519_key.pub": "ssh-ed25519 AAAA root@builder\n",
    "etc/ssh/sshd_config": "",
    "etc/ssl/private/ssl-cert-snakeoil.key": "-----BEGIN PRIVATE KEY-----\n",
    "etc/ssl/certs/ssl-cert-snakeoil.pem": "",
    "etc/apt/sources.list": [
      "deb http://mirror.invalid/debian bookworm main",
      "deb [signed-by=/usr/share/keyrings/x.gpg] http://mirror.invalid/debian bookworm-updates main",
      "deb http://mirror.invalid/security bookworm-security main",
      "",
    ].join("\n"),
    "etc/apt/sources.list.d/0000mirror.list": "deb http://mirror.invalid/debian bookworm main\n",
    "etc/postgresql/15/main/postgresql.conf": "",
    "etc/dpkg/dpkg.cfg.d/99mmdebstrap": "force-unsafe-io\npath-exclude=/usr/share/man/*\n",
    "var/lib/postgresql/15/main/PG_VERSION": "15\n",
    "var/lib/rabbitmq/.erlang.cookie": "SECRET",
    "var/lib/systemd/random-seed": "seed",
    "var/lib/apt/lists/mirror.invalid_InRelease": "",
    "var/lib/dpkg/status": "Package: x\n",
    "var/cache/apt/archives/x.deb": "",
    "var/cache/debconf/passwords.dat": "secret",
    "var/log/dpkg.log": "2026 install",
    "var/tmp/x": "",
    "tmp/x": "",
    "run/x": "",
    "usr/share/ca-certificates/mozilla/none": "",
    "root/.bash_history": "",
  };
  for (const [path, text] of Object.entries(dirty)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (!path.endsWith("/none")) writeFileSync(join(root, path), text);
  }
  t.ok((await identitiesAndSecrets(root)).length > 8, "it is dirty");
  execFileSync("sh", [join(folder, "sanitise.sh"), root, ...identities]);
  t.same(await identitiesAndSecrets(root), []);
  const sources = readFileSync(join(root, "etc/apt/sources.list.d/debian.sources"), "utf8");
  t.match(sources, /^Suites: bookworm bookworm-updates$/m);
  t.match(sources, /^Suites: bookworm-security$/m);
  t.equal(readFileSync(join(root, "etc/dpkg/dpkg.cfg.d/90-slim"), "utf8"), "path-exclude=/usr/share/man/*\n");
  t.equal(readFileSync(join(root, "var/lib/dpkg/status"), "utf8"), "Package: x\n");
  t.equal(readFileSync(join(root, "etc/ssh/sshd_config"), "utf8"), "");
  t.equal(readFileSync(join(root, "var/cache/debconf/passwords.dat"), "utf8"), "");
  t.throws(() => readFileSync(join(root, "etc/apt/sources.list.d/0000mirror.list")));
  t.throws(() => readFileSync(join(root, "var/log/dpkg.log")));
});

t.test("sanitise leaves no file of dpkg's rules where a stack leaves nothing out", async (t) => {
  const root = t.testdir({
    etc: {
      ssl: { certs: {} },
      apt: { "sources.list": "", "sources.list.d": {} },
      dpkg: { "dpkg.cfg.d": { "99mmdebstrap": "force-unsafe-io\n" } },
    },
    var: { log: {}, cache: { debconf: {} } },
    root: {},
  });
  execFileSync("sh", [join(folder, "sanitise.sh"), root, ...identities]);
  t.notOk(existsSync(join(root, "etc/dpkg/dpkg.cfg.d/99mmdebstrap")));
  t.notOk(existsSync(join(root, "etc/dpkg/dpkg.cfg.d/90-slim")));
});

t.test("sanitise makes one file of programs that are the same, and only of those", async (t) => {
  const git = "a".repeat(100_000);
  const root = t.testdir({
    etc: { ssl: { certs: {} }, apt: { "sources.list": "", "sources.list.d": {} } },
    var: { log: {}, cache: { debconf: {} } },
    root: { git },
    usr: {
      bin: { git, other: "b".repeat(100_000), small: "a", private: git },
      lib: { "git-core": { git, small: "a" } },
      share: { git },
    },
  });
  const at = (path: string) => join(root, path);
  chmodSync(at("usr/bin/private"), 0o700);
  execFileSync("sh", [join(folder, "sanitise.sh"), root, ...identities]);
  t.equal(
    statSync(at("usr/bin/git")).ino,
    statSync(at("usr/lib/git-core/git")).ino,
    "same text, mode, owner: one file",
  );
  t.equal(readFileSync(at("usr/lib/git-core/git"), "utf8"), git);
  for (const path of [
    "usr/bin/other",
    "usr/bin/private",
    "usr/bin/small",
    "usr/lib/git-core/small",
    "root/git",
    "usr/share/git",
  ]) {
    t.equal(statSync(at(path)).nlink, 1, path);
  }
  t.equal(statSync(at("usr/bin/private")).mode & 0o777, 0o700);
  t.equal(readFileSync(at("usr/bin/other"), "utf8"), "b".repeat(100_000));
});

/** What `build-template verify` finds in a template of this rootfs. */
async function identitiesAndSecrets(root: string): Promise<string[]> {
  const file = `${root}.tar.gz`;
  execFileSync("tar", ["--create", "--gzip", "--file", file, "-C", root, "."]);
  try {
    const machine = { hostname: "builder", authorities: "", publicAuthorities: [] };
    const { checks } = await verifyTemplate({ file, machine, run, signal: new AbortController().signal });
    const wanted = ["archive", "identities", "secrets", "machine"];
    return checks.filter(({ name }) => wanted.includes(name)).flatMap(({ findings }) => findings);
  } finally {
    rmSync(file);
  }
}
