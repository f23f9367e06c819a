import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { credentials } from "../../installer/transports/credentials.ts";
import { describeError, errorDocument } from "../../lib/error.ts";

const secret = "12345678-9abc-def0-1234-56789abcdef0";
const token = `root@pam!ci=${secret}`;

t.test("a token comes from the environment, or from a file that nobody else can read", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "stack-token-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const tokenFile = join(folder, "token");
  await writeFile(tokenFile, `${token}\n`, { mode: 0o600 });
  const wantedToken = { kind: "token", user: "root@pam!ci", secret };
  t.same(await credentials({ environment: { PROXMOX_TOKEN: token } }), wantedToken);
  t.same(await credentials({ environment: { PROXMOX_TOKEN: `PVEAPIToken=${token}` } }), wantedToken);
  t.same(await credentials({ environment: {}, tokenFile }), wantedToken);
  await chmod(tokenFile, 0o640);
  await t.rejects(credentials({ environment: {}, tokenFile }), {
    code: "open-token-file",
    exit: 64,
    hint: /chmod 600/,
  });
  await t.rejects(credentials({ environment: {}, tokenFile: join(folder, "none") }), {
    code: "no-credentials",
    exit: 64,
  });
});

t.test("a password comes from the environment, or from a person", async (t) => {
  const user = "root@pam";
  const given = { kind: "password", user, password: "pass word" };
  t.same(await credentials({ environment: { PROXMOX_PASSWORD: "pass word" }, user }), given);
  t.same(await credentials({ environment: {}, user, ask: async () => "pass word" }), given);
  await t.rejects(credentials({ environment: {}, user }), { code: "no-credentials" });
  await t.rejects(credentials({ environment: {}, user, ask: async () => "" }), { code: "no-credentials" });
});

t.test("what is no token is refused, and never repeated", async (t) => {
  for (const bad of [secret, token.toUpperCase(), `root@pam=${secret}`, `root@pam!ci=${secret}x`]) {
    const error: unknown = await credentials({ environment: { PROXMOX_TOKEN: bad } }).catch(
      (reason: unknown) => reason,
    );
    t.match(error, { code: "bad-token", exit: 64 });
    t.notOk(`${describeError(error)}${JSON.stringify(errorDocument(error))}`.toLowerCase().includes("12345678"));
  }
});
