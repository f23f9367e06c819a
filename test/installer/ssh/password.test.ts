import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import t from "tap";
import { hostKeyFingerprint } from "../../../installer/ssh/known-hosts.ts";
import type { SshLogin } from "../../../installer/ssh/login.ts";
import { openSsh } from "../../../installer/ssh/open-ssh.ts";
import { run } from "../../../lib/run.ts";

// Debian's sshd compares with the machine's own passwords, which aren't a test's: here ssh2's server does it.

const folder = await mkdtemp(join(tmpdir(), "stack-password-"));
t.teardown(() => rm(folder, { recursive: true, force: true }));
const key = join(folder, "host");
await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
const [, blob = ""] = (await readFile(`${key}.pub`, "utf8")).split(" ");
const fingerprint = hostKeyFingerprint(Buffer.from(blob, "base64"));
const secret = "a pässword 'with' everything";

/** A server that lets root in by one method. */
async function serverWith(only: "password" | "keyboard-interactive"): Promise<number> {
  const server = new ssh2.Server({ hostKeys: [await readFile(key)] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => {
      const known = context.username === "root" && context.method === only;
      if (known && context.method === "password" && context.password === secret) return context.accept();
      if (!known || context.method !== "keyboard-interactive") return context.reject([only]);
      context.prompt([{ prompt: "Password: ", echo: false }], (answers: readonly string[]) => {
        if (answers[0] === secret) context.accept();
        else context.reject([only]);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function opens(port: number, login: Partial<SshLogin>): Promise<void> {
  const trust = { fingerprint, knownHosts: [] };
  const all = { identities: [], usual: [], ...login };
  const ssh = await openSsh({ user: "root", host: "127.0.0.1", port, login: all, trust, patience: 10_000 });
  ssh.close();
}

for (const method of ["password", "keyboard-interactive"] as const) {
  t.test(`a password lets in where a server takes one by ${method}: known, or asked for once`, async (t) => {
    const port = await serverWith(method);
    await opens(port, { password: secret });
    const questions: string[] = [];
    const ask = async (question: string): Promise<string> => {
      questions.push(question);
      return secret;
    };
    await opens(port, { ask });
    t.same(questions, ["Password of root@127.0.0.1: "]);
  });

  t.test(`a wrong password by ${method} is told as what was tried, and not repeated`, async (t) => {
    const port = await serverWith(method);
    const error: unknown = await opens(port, { password: "beef" }).catch((reason: unknown) => reason);
    t.match(error, { code: "not-authenticated", detail: /tried the password/ });
    t.notMatch(JSON.stringify(error), /beef/);
    await t.rejects(opens(port, {}), { code: "not-authenticated", detail: [] }, "nobody to ask");
  });
}
