import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import t from "tap";
import { hostKey, hostKeyFingerprint, knownHostsLine } from "../../../installer/ssh/known-hosts.ts";
import { openSsh, type SshOptions } from "../../../installer/ssh/open-ssh.ts";
import { run } from "../../../lib/run.ts";
import { waitFor } from "../../../lib/wait.ts";
import { openSshServer } from "../../node/ssh-server.ts";

t.setTimeout(120_000);

const folder = await mkdtemp(join(tmpdir(), "stack-ssh-"));
t.teardown(() => rm(folder, { recursive: true, force: true }));
const server = await openSshServer({ folder: join(folder, "sshd") });
t.teardown(() => server.close());
const user = userInfo().username;
const [ed25519 = "", rsa = ""] = await Promise.all(server.hostKeys.map((path) => readFile(path, "utf8")));
const blobOf = (line: string): Buffer => Buffer.from(line.split(" ")[1] ?? "", "base64");
const fingerprint = hostKeyFingerprint(blobOf(ed25519));
const noLogin = { identities: [], usual: [] };
const own = { ...noLogin, identities: [server.identity] };
const target: SshOptions = {
  ...{ user, host: "127.0.0.1", port: server.port, patience: 10_000 },
  login: own,
  trust: { fingerprint, knownHosts: [] },
};

async function opened(more: Partial<SshOptions> = {}) {
  const ssh = await openSsh({ ...target, ...more });
  t.teardown(() => ssh.close());
  return ssh;
}

async function knownHosts(...lines: readonly string[]): Promise<SshOptions["trust"]> {
  const path = join(folder, `known-${randomBytes(4).toString("hex")}`);
  await writeFile(path, lines.map((line) => `${line}\n`).join(""));
  return { knownHosts: [path, join(folder, "none")] };
}

const lineOf = (key: string): string => knownHostsLine("127.0.0.1", server.port, hostKey(blobOf(key)));

t.test("a program gets each word as it is, its input, and gives output and exit code back", async (t) => {
  const ssh = await opened();
  const nasty = [
    "a b",
    "",
    "'",
    '"',
    "$HOME",
    "`id`",
    "\\",
    "*",
    "~",
    "a\nb",
    "-n",
    "ä€🐘",
    "!x",
    "#",
    ";",
    "=x",
    "{a,b}",
  ];
  const { stdout } = await ssh.exec(["printf", "%s\\0", ...nasty]);
  t.same(stdout.split("\0").slice(0, -1), nasty);
  const lines: string[] = [];
  const script = "cat; echo out; echo err >&2; exit 7";
  const ended = await ssh.exec(["sh", "-c", script], {
    stdin: "in\n",
    onLine: (line, stream) => lines.push(`${stream} ${line}`),
  });
  t.same(ended, { stdout: "in\nout\n", stderr: "err\n", code: 7 });
  t.same(lines.sort(), ["stderr err", "stdout in", "stdout out"]);
});

t.test("more commands at once than a server takes wait for their turn", async (t) => {
  const ssh = await opened();
  const all = await Promise.all(Array.from({ length: 25 }, (_, index) => ssh.exec(["echo", String(index)])));
  t.same(
    all.map(({ stdout }) => stdout.trim()),
    Array.from({ length: 25 }, (_, index) => String(index)),
  );
});

t.test("a command that does not end is given up at its deadline, or when it is stopped", async (t) => {
  const ssh = await opened();
  await t.rejects(ssh.exec(["sleep", "60"], { timeout: 300 }), {
    code: "timeout",
    message: /sleep on .* within 0\.3 s/,
  });
  const stop = new AbortController();
  const stopped = t.rejects(ssh.exec(["sleep", "60"], { signal: stop.signal }), { code: "aborted", exit: 130 });
  setTimeout(() => stop.abort("received SIGINT"), 100);
  await stopped;
  t.equal((await ssh.exec(["echo", "still there"])).stdout, "still there\n");
});

t.test("a file arrives byte for byte, with progress, in a file that only its owner reads", async (t) => {
  const ssh = await opened();
  const [from, to] = [join(folder, "from"), join(folder, "to ' $x")];
  await writeFile(from, randomBytes(3_000_001));
  const sent: number[] = [];
  await ssh.put(from, to, { onProgress: (bytes) => sent.push(bytes) });
  const sum = async (path: string) =>
    createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
  t.equal(await sum(to), await sum(from));
  t.ok(sent.length > 10);
  t.equal(sent.at(-1), 3_000_001);
  t.equal((await stat(to)).mode & 0o777, 0o600);
  await t.rejects(ssh.put(from, to), { code: "put-failed" }, "what is there is not overwritten");
  await t.rejects(ssh.put(from, join(folder, "no/such/folder")), { code: "put-failed", message: /No such file/ });
});

t.test("a connection that is cut is told, for a command and for a file", async (t) => {
  const ssh = await opened();
  const lost = t.rejects(ssh.exec(["sleep", "60"]), { code: "connection-lost" });
  setTimeout(server.cut, 200);
  await lost;
  t.equal(ssh.isOpen(), false);
  await t.rejects(ssh.exec(["true"]), { code: "connection-lost" });
  const again = await opened();
  const from = join(folder, "big");
  await writeFile(from, randomBytes(3_000_000));
  server.faults.cutAfter = 600_000;
  t.teardown(() => delete server.faults.cutAfter);
  const next = await opened();
  await t.rejects(next.put(from, join(folder, "cut")), { code: "connection-lost" });
  again.close();
});

t.test("a file that stands still is given up", async (t) => {
  const ssh = await opened();
  const from = join(folder, "still");
  await writeFile(from, randomBytes(3_000_000));
  server.faults.stallAfter = 600_000;
  t.teardown(() => delete server.faults.stallAfter);
  await t.rejects(ssh.put(from, join(folder, "stalled"), { patience: 500 }), { code: "put-stalled" });
  ssh.close();
});

t.test("a server is trusted by a line of known_hosts, by any of its keys, hashed or not", async (t) => {
  for (const key of [ed25519, rsa]) await opened({ trust: await knownHosts(lineOf(key)) });
  const trust = await knownHosts(lineOf(ed25519));
  const [path = ""] = trust.knownHosts;
  await run("ssh-keygen", ["-H", "-f", path]);
  t.match(await readFile(path, "utf8"), /^\|1\|/);
  await opened({ trust });
});

t.test("a server that is not known gets no login; its fingerprint and the line that adds it are told", async (t) => {
  const refused = openSsh({ ...target, trust: await knownHosts("other.example.org ssh-ed25519 AAAA") });
  await t.rejects(refused, {
    code: "untrusted-host-key",
    message: "the key of 127.0.0.1 is not known here",
    detail: [`ssh-ed25519 ${fingerprint}`],
    hint: new RegExp(
      `ssh-keygen -lf .*echo '\\[127.0.0.1\\]:${server.port} ssh-ed25519 \\S+' >> .*--fingerprint SHA256:`,
    ),
  });
  // What is told is what makes it known.
  await opened({ trust: await knownHosts(lineOf(ed25519)) });
});

t.test("another key than the known one, a revoked one, and a wrong fingerprint are refused", async (t) => {
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "other")]);
  const other = await readFile(join(folder, "other.pub"), "utf8");
  await t.rejects(openSsh({ ...target, trust: await knownHosts(lineOf(other)) }), {
    code: "untrusted-host-key",
    message: /another one than it was/,
    hint: /take the old line away: .*:1/,
  });
  await t.rejects(openSsh({ ...target, trust: await knownHosts(lineOf(ed25519), `@revoked ${lineOf(ed25519)}`) }), {
    code: "untrusted-host-key",
    message: /is revoked/,
  });
  const wrong = hostKeyFingerprint(blobOf(other));
  await t.rejects(openSsh({ ...target, trust: { ...(await knownHosts(lineOf(ed25519))), fingerprint: wrong } }), {
    code: "untrusted-host-key",
    detail: [`expected ${wrong}`, `seen     ${fingerprint}`],
  });
});

t.test("a key of an agent, and one at its usual place, let in too", async (t) => {
  await opened({ login: { ...noLogin, usual: [join(folder, "none"), server.identity] } });
  const socket = join(folder, "agent");
  const { stdout } = await run("ssh-agent", ["-a", socket]);
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(stdout)?.[1]);
  t.teardown(() => process.kill(pid));
  await run("ssh-add", ["-q", server.identity], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  await opened({ login: { ...noLogin, agent: socket } });
});

t.test("a key with a passphrase asks for it once; without anybody to ask it is told", async (t) => {
  const key = join(folder, "locked");
  await run("cp", [server.identity, key]);
  await chmod(key, 0o600);
  await run("ssh-keygen", ["-q", "-p", "-P", "", "-N", "a passphrase", "-f", key]);
  const questions: string[] = [];
  const ask = async (question: string): Promise<string> => {
    questions.push(question);
    return "a passphrase";
  };
  await opened({ login: { ...noLogin, identities: [key], ask } });
  t.same(questions, [`Passphrase of ${key}: `]);
  await t.rejects(openSsh({ ...target, login: { ...noLogin, usual: [key] } }), {
    code: "not-authenticated",
    detail: [`tried ${key} (has a passphrase: ssh-add ${key})`],
  });
});

t.test("who is not let in is told what was tried; a key that isn't there is told by its name", async (t) => {
  await t.rejects(openSsh({ ...target, login: { ...noLogin, usual: [join(folder, "other")] } }), {
    code: "not-authenticated",
    detail: [`tried ${join(folder, "other")}`],
    hint: /ssh-copy-id .*--identity/,
  });
  await t.rejects(openSsh({ ...target, login: { ...noLogin, identities: [join(folder, "none")] } }), {
    code: "no-identity",
    exit: 64,
  });
});

t.test(
  "a port where nobody listens, and a server that says nothing, are told as a machine that does not answer",
  async (t) => {
    await t.rejects(openSsh({ ...target, port: 1 }), { code: "host-unreachable", hint: /its port 1 open/ });
    server.faults.stallAfter = 1;
    t.teardown(() => delete server.faults.stallAfter);
    await t.rejects(openSsh({ ...target, patience: 300 }), { code: "host-unreachable", message: /no answer/ });
  },
);

t.test("a program gets a file that is there only while it runs", async (t) => {
  const ssh = await opened();
  const [path, remote, kept] = ["lent", "lent there", "kept"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(path, "text\n");
  const lines: string[] = [];
  const onLine = (line: string): void => void lines.push(line);
  const read = await ssh.execWithFile({ path, remote }, ["sh", "-c", 'cat "$1"; exit 3', "sh", remote], { onLine });
  t.same(read, { stdout: "text\n", stderr: "", code: 3 });
  t.same(lines, ["text"]);
  await t.rejects(stat(remote), { code: "ENOENT" });
  await ssh.execWithFile({ path, remote }, ["mv", remote, kept]);
  t.equal(await readFile(kept, "utf8"), "text\n");
});

t.test("a file that was lent is gone when its sender is cut off, or can't send it", async (t) => {
  const path = join(folder, "lent big");
  await writeFile(path, randomBytes(3_000_000));
  const remote = join(folder, "cut off");
  const ssh = await opened();
  const stop = new AbortController();
  const onProgress = (sent: number): void => {
    if (sent > 500_000) server.cut();
  };
  await t.rejects(ssh.execWithFile({ path, remote, onProgress }, ["true"]), { code: "connection-lost" });
  const gone = () =>
    stat(remote).then(
      () => undefined,
      () => true,
    );
  await waitFor(gone, { what: "the file to be taken away", timeout: 10_000 });
  const next = await opened();
  const halt = (sent: number): void => {
    if (sent > 500_000) stop.abort();
  };
  const file = { path, remote, onProgress: halt };
  await t.rejects(next.execWithFile(file, ["true"], { signal: stop.signal }), { code: "aborted" });
  await waitFor(gone, { what: "the file to be taken away", timeout: 10_000 });
});
