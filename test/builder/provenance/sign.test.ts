import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import t from "tap";
import { sign } from "../../../builder/provenance/sign.ts";
import { verifyTemplate } from "../../../builder/targets/proxmox/verify.ts";
import type { Trust } from "../../../builder/verify/signature-check.ts";
import { isStackError } from "../../../lib/error.ts";
import { run } from "../../../lib/run.ts";
import { waitFor } from "../../../lib/wait.ts";
import { archive, clean } from "../verify/planted.ts";

const { signal } = new AbortController();
const machine = { hostname: "", authorities: "", publicAuthorities: [] };
const passphrase = "five small words";

interface Place {
  readonly folder: string;
  readonly file: string;
  readonly key: string;
}

function place(t: Pick<typeof import("tap").default, "testdir">, kind = "ed25519", words = ""): Place {
  const folder = t.testdir({ "debian-12-x_1_amd64.tar.gz": gzipSync(archive(clean)) });
  const key = makeKey(folder, "builder", kind, words);
  return { folder, file: join(folder, "debian-12-x_1_amd64.tar.gz"), key };
}

function makeKey(folder: string, name: string, kind = "ed25519", words = ""): string {
  const path = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-t", kind, "-N", words, "-C", "", "-f", path]);
  return path;
}

async function signature(file: string, trust?: Trust) {
  const { checks } = await verifyTemplate({ file, machine, run, signal, ...(trust && { trust }) });
  const found = checks.find(({ name }) => name === "signature");
  return { state: found?.state, text: [found?.title, ...(found?.findings ?? [])].join("\n") };
}

const refusal = async (promise: Promise<unknown>): Promise<{ code: string; exit: number; hint: string }> => {
  try {
    await promise;
  } catch (error) {
    if (isStackError(error)) return { code: error.code, exit: error.exit, hint: error.hint ?? "" };
    throw error;
  }
  throw new Error("it was not refused");
};

for (const kind of ["ed25519", "ecdsa", "rsa"]) {
  t.test(`a template signed with an ${kind} key is good for who trusts the key, alone or in a list`, async (t) => {
    const { folder, file, key } = place(t, kind);
    t.equal(await sign({ file, key, run, signal }), `${file}.sig`);
    t.match(await signature(file), { state: "not checked", text: /say whom you trust/ });
    t.match(await signature(file, { kind: "key", path: `${key}.pub` }), {
      state: "ok",
      text: /^signed by builder.pub, /,
    });
    const signers = join(folder, "signers");
    const stranger = readFileSync(`${makeKey(folder, "other")}.pub`, "utf8");
    writeFileSync(signers, `other@example.org ${stranger}me@example.org ${readFileSync(`${key}.pub`, "utf8")}`);
    const list = { kind: "signers", path: signers } as const;
    t.match(await signature(file, list), { state: "ok", text: /^signed by me@example.org, / });
    t.match(await signature(file, { ...list, identity: "me@example.org" }), { state: "ok" });
    t.match(await signature(file, { ...list, identity: "other@example.org" }), { state: "failed" });
  });
}

t.test("a plain ssh-keygen verifies it, by the command in the documents", async (t) => {
  const { folder, file, key } = place(t);
  await sign({ file, key, run, signal });
  const document = readFileSync(join(import.meta.dirname, "../../../docs/verify.md"), "utf8");
  const block = /```sh\n(echo "builder[\s\S]*?)```/.exec(document)?.[1] ?? "false";
  const command = block.replaceAll("TEMPLATE", "debian-12-x_1_amd64.tar.gz");
  t.match(
    execFileSync("sh", ["-ec", command], { cwd: folder, encoding: "utf8" }),
    /^Good "proxmox-stack-template" signature/m,
  );
  appendFileSync(file, "x");
  t.throws(() => execFileSync("sh", ["-ec", command], { cwd: folder, stdio: "pipe" }));
});

t.test("a signature by another, of another file, for another purpose or none is told", async (t) => {
  const { folder, file, key } = place(t);
  const trust = { kind: "key", path: `${key}.pub` } as const;
  t.match(await signature(file, trust), { state: "failed", text: /there is no .*\.sig$/ });
  await sign({ file, key: makeKey(folder, "stranger"), run, signal });
  t.match(await signature(file, trust), { state: "failed" });
  const signers = join(folder, "signers");
  writeFileSync(signers, `me ${readFileSync(`${key}.pub`, "utf8")}`);
  t.match(await signature(file, { kind: "signers", path: signers }), { state: "failed", text: /not in .*signers/ });
  await sign({ file, key, run, signal });
  t.match(await signature(file, trust), { state: "ok" });
  appendFileSync(file, "x");
  t.match(await signature(file, trust), { state: "failed" }, "the file was edited");
  execFileSync("ssh-keygen", ["-q", "-Y", "sign", "-f", key, "-n", "file", file], { input: "y\n", stdio: "pipe" });
  t.match(await signature(file, trust), { state: "failed" }, "signed, but not as a template");
  writeFileSync(`${file}.sig`, "nonsense");
  t.match(await signature(file, trust), { state: "failed" });
});

t.test("a key that can't sign is told with what helps, and leaves no signature", async (t) => {
  const { folder, file, key } = place(t);
  const signing = (key: string) => refusal(sign({ file, key, run, signal }));
  t.match(await signing(join(folder, "none")), { code: "no-key", exit: 64, hint: /ssh-keygen -t ed25519/ });
  t.match(await signing(folder), { code: "no-key" });
  writeFileSync(join(folder, "text"), "no key\n", { mode: 0o600 });
  t.match(await signing(join(folder, "text")), { code: "unusable-key", exit: 64 });
  const before = process.env.SSH_AUTH_SOCK;
  delete process.env.SSH_AUTH_SOCK;
  t.teardown(() => {
    if (before !== undefined) process.env.SSH_AUTH_SOCK = before;
  });
  writeFileSync(join(folder, "lonely.pub"), readFileSync(`${key}.pub`));
  t.match(await signing(join(folder, "lonely.pub")), { code: "unusable-key", hint: /ssh-add/ });
  chmodSync(key, 0o644);
  t.match(await signing(key), { code: "unusable-key", hint: /chmod 600/ });
  t.notOk(existsSync(`${file}.sig`));
});

t.test("whom to trust must be readable", async (t) => {
  const { file, key } = place(t);
  await sign({ file, key, run, signal });
  t.match(await refusal(signature(file, { kind: "key", path: "/nowhere.pub" })), { code: "no-public-key", exit: 64 });
  t.match(await refusal(signature(file, { kind: "key", path: key })), { code: "no-public-key", hint: /\.pub/ });
  t.match(await refusal(signature(file, { kind: "signers", path: "/nowhere" })), { code: "no-signers", exit: 64 });
});

t.test("a key in ssh-agent signs by its .pub file", async (t) => {
  const { folder, file, key } = place(t);
  // A socket's path must be short.
  const sockets = mkdtempSync(join(tmpdir(), "sign-"));
  const socket = join(sockets, "agent");
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  const before = process.env.SSH_AUTH_SOCK;
  t.teardown(() => {
    agent.kill();
    rmSync(sockets, { recursive: true, force: true });
    if (before === undefined) delete process.env.SSH_AUTH_SOCK;
    else process.env.SSH_AUTH_SOCK = before;
  });
  await waitFor(async () => existsSync(socket) || undefined, { timeout: 30_000, what: "ssh-agent's socket" });
  process.env.SSH_AUTH_SOCK = socket;
  execFileSync("ssh-add", ["-q", key], { stdio: "pipe" });
  const pub = join(folder, "only.pub");
  writeFileSync(pub, readFileSync(`${key}.pub`));
  execFileSync("rm", [key]);
  await sign({ file, key: pub, run, signal });
  t.match(await signature(file, { kind: "key", path: pub }), { state: "ok" });
});

/** Signs in a program of its own that has a terminal, at which `typed` is typed. */
function signAtTerminal({ folder, file, key }: Place, typed: string): { code: number | null; output: string } {
  const program = join(folder, "sign.ts");
  const from = (path: string): string => JSON.stringify(join(import.meta.dirname, "../../..", path));
  writeFileSync(
    program,
    `import { sign } from ${from("builder/provenance/sign.ts")};
     import { run } from ${from("lib/run.ts")};
     import { describeError } from ${from("lib/error.ts")};
     const signal = new AbortController().signal;
     const options = { file: ${JSON.stringify(file)}, key: ${JSON.stringify(key)}, run, signal };
     await sign(options).catch((error) => { console.log(describeError(error)); process.exitCode = error.exit; });\n`,
  );
  // python3's pty is the one terminal at hand that can be typed at once it asks.
  const typist = `import os, pty, sys
pid, terminal = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:3])
seen, told = b"", False
while True:
    try: chunk = os.read(terminal, 4096)
    except OSError: break
    if not chunk: break
    seen += chunk
    if not told and b"assphrase" in seen:
        told = True
        os.write(terminal, sys.argv[3].encode() + b"\\n")
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`;
  try {
    const output = execFileSync("python3", ["-c", typist, process.execPath, program, typed], { encoding: "utf8" });
    return { code: 0, output };
  } catch (error) {
    const { status, stdout } = error as { status: number | null; stdout: string };
    return { code: status, output: stdout };
  }
}

t.test("a passphrase is asked for on the terminal", async (t) => {
  const here = place(t, "ed25519", passphrase);
  const wrong = signAtTerminal(here, "something else");
  t.match(wrong, { code: 64, output: /passphrase/ });
  t.match(wrong.output, /that is not the passphrase \[wrong-passphrase\]/);
  t.notOk(existsSync(`${here.file}.sig`));
  const right = signAtTerminal(here, passphrase);
  t.equal(right.code, 0, right.output);
  t.match(await signature(here.file, { kind: "key", path: `${here.key}.pub` }), { state: "ok" });
});
