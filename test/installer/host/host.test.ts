import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import t from "tap";
import { lookAtHost } from "../../../installer/host/host-facts.ts";
import { openPackage } from "../../../installer/host/open-package.ts";
import { openSsh } from "../../../installer/ssh/open-ssh.ts";
import { run } from "../../../lib/run.ts";
import { openSshServer } from "../../node/ssh-server.ts";
import { smallPackage } from "./small-package.ts";

t.setTimeout(120_000);

// Over a real sshd, to the very machine that the test runs on: it is looked at, and never changed.

const folder = await mkdtemp(join(tmpdir(), "stack-host-"));
const server = await openSshServer({ folder: join(folder, "sshd") });
t.teardown(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});
const deb = await smallPackage(folder);
const user = userInfo().username;
const { signal } = new AbortController();
const line = `[${server.host}]:${server.port} ${await readFile(server.hostKeys[0], "utf8")}`;
const known = join(folder, "known_hosts");
await writeFile(known, line);

t.test("a host is looked at over one connection, with no power needed", async (t) => {
  const login = { identities: [server.identity], usual: [] };
  const ssh = await openSsh({
    ...{ host: server.host, port: server.port, user, login, signal },
    trust: { knownHosts: [known] },
  });
  t.teardown(() => ssh.close());
  const facts = await lookAtHost(ssh, await openPackage(deb, signal));
  t.match(facts, { name: hostname(), user, isRoot: process.getuid?.() === 0, installed: undefined, other: undefined });
  t.ok(facts.memory > 100 && facts.memory < 1e8, "MiB");
  t.ok(facts.free > 0);
});

const cli = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  run(process.execPath, [resolve(import.meta.dirname, "../../../installer/cli.ts"), ...args], {
    accept: [0, 1, 64],
    env: { PATH: process.env.PATH, HOME: folder, ...env },
  });

const at = `${user}@${server.host}:${server.port}`;

t.test("--dry-run tells steps or refusals, as one object with --json", async (t) => {
  const fingerprint = (await run("ssh-keygen", ["-lf", server.hostKeys[0]])).stdout.split(" ")[1] ?? "";
  const access = ["--identity", server.identity, "--fingerprint", fingerprint];
  const { stdout, code, stderr } = await cli([deb, "--host", at, ...access, "--dry-run", "--json"]);
  const document = JSON.parse(stdout) as { refusals: unknown[]; steps: string[] };
  t.match(document, { schemaVersion: 1, host: hostname(), package: "stack-agent-shop", version: "1.2.3" });
  t.equal(code, document.refusals.length === 0 ? 0 : 1, stderr);
  t.same(document.steps, document.refusals.length === 0 ? ["install", "provision", "wait"] : []);
});

t.test("a host is reached at an IPv6 address and a port", async (t) => {
  const six = await openSshServer({ folder: join(folder, "sshd6"), host: "::1" });
  t.teardown(() => six.close());
  const fingerprint = (await run("ssh-keygen", ["-lf", six.hostKeys[0]])).stdout.split(" ")[1] ?? "";
  const access = ["--identity", six.identity, "--fingerprint", fingerprint];
  const { stdout, stderr } = await cli([deb, "--host", `${user}@[::1]:${six.port}`, ...access, "--dry-run", "--json"]);
  t.match(JSON.parse(stdout), { host: hostname(), package: "stack-agent-shop" }, stderr);
});

t.test("a host that nobody has compared is told nothing", async (t) => {
  const { stderr, code } = await cli([deb, "--host", at, "--identity", server.identity, "--dry-run"]);
  t.equal(code, 1);
  t.match(stderr, /is not known here \[untrusted-host-key\]/);
});

t.test("a template for --host, a package for a node, flags of containers: refused by name", async (t) => {
  const told = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { stderr, code } = await cli(args, env);
    t.equal(code, 64, stderr);
    return stderr;
  };
  t.match(await told([deb]), /is a package for a plain host \[other-way\]\nhint: +--host root@server/);
  t.match(await told(["debian-12-shop.tar.gz", "--host", "root@server"]), /is no package.*\nhint: +build-template deb/);
  t.match(await told([deb, "--host", at, "--vmid", "120"]), /--vmid means nothing to --host/);
  t.match(await told([deb, "--host", at, "--token-file", "x"]), /--token-file means nothing to --host/);
  t.match(await told([deb, "--host", at, "--set", "container.cores=2"]), /--set means nothing to --host/);
  t.match(await told([deb, "--host", "root@a,root@b"]), /is no address for SSH \[bad-address\]/);
});
