import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { readSecret } from "../../../engine/secrets/read-secret.ts";
import { asSealed, secretMark } from "../../../engine/secrets/sealed.ts";
import { secretForms } from "../../../engine/secrets/secret-forms.ts";
import { secretStore } from "../../../engine/secrets/secret-store.ts";
import { unseal } from "../../../engine/secrets/unseal.ts";
import { ownIds } from "../own-ids.ts";

const secrets = [
  { name: "redis.auth", reader: "agent", purpose: "" },
  { name: "postgres.app", reader: "root", purpose: "" },
] as const;

function store(t: { testdir(): string }) {
  const stateDirectory = t.testdir();
  return {
    stateDirectory,
    folder: join(stateDirectory, "secrets"),
    store: secretStore({ stateDirectory, secrets, owner: ownIds }),
  };
}

t.test("a secret is made once, with the mode its reader needs, and never replaced", async (t) => {
  const { stateDirectory, folder, store: made } = store(t);
  t.equal(await made.has("redis.auth"), false);
  await made.make("redis.auth");
  await made.make("postgres.app");
  const first = await made.read("redis.auth");
  t.match(first, /^[A-Za-z0-9]{40}$/);
  t.not(first, await made.read("postgres.app"));
  t.equal((await stat(join(folder, "redis.auth"))).mode & 0o7777, 0o640);
  t.equal((await stat(join(folder, "postgres.app"))).mode & 0o7777, 0o600);
  t.equal((await stat(folder)).mode & 0o7777, 0o750);
  await made.make("redis.auth");
  t.equal(await made.read("redis.auth"), first);
  t.equal(await readSecret(stateDirectory, "redis.auth"), first);
  t.same((await readdir(folder)).sort(), ["postgres.app", "redis.auth"], "no temporary file is left");
});

t.test("a renewed secret has another value, the mode its reader needs, and no trace of the old one", async (t) => {
  const { stateDirectory, folder, store: made } = store(t);
  await made.make("redis.auth");
  const first = await made.read("redis.auth");
  await chmod(join(folder, "redis.auth"), 0o600);
  await made.renew("redis.auth");
  const second = await made.read("redis.auth");
  t.not(second, first);
  t.match(second, /^[A-Za-z0-9]{40}$/);
  t.equal(await made.has("redis.auth"), true);
  t.equal(await readSecret(stateDirectory, "redis.auth"), second);
  t.same(await readdir(folder), ["redis.auth"]);
  await made.renew("postgres.app");
  t.equal(await made.has("postgres.app"), true, "one that was not there is made");
  t.equal(made.redact(`${first} ${second}`), "«secret» «secret»", "both are kept out of texts");
});

t.test("of many that make a secret at once, all end with the same value", async (t) => {
  const { store: made } = store(t);
  const values = await Promise.all(
    Array.from({ length: 8 }, async () => {
      await made.make("redis.auth");
      return made.read("redis.auth");
    }),
  );
  t.equal(new Set(values).size, 1);
});

t.test("a secret whose file became readable is not as it should be, and is closed again", async (t) => {
  const { folder, store: made } = store(t);
  await made.make("postgres.app");
  const value = await made.read("postgres.app");
  await chmod(join(folder, "postgres.app"), 0o644);
  t.equal(await made.has("postgres.app"), false);
  await made.make("postgres.app");
  t.equal(await made.has("postgres.app"), true);
  t.equal(await made.read("postgres.app"), value);
});

t.test("what is missing, undeclared or unfit says so", async (t) => {
  const { stateDirectory, folder, store: made } = store(t);
  await t.rejects(made.read("redis.auth"), { code: "secret-missing" });
  await t.rejects(made.read("../etc/shadow"), { code: "secret-unknown" });
  t.equal(await readSecret(stateDirectory, "redis.auth"), undefined);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "redis.auth"), "a'; drop table --\n");
  await t.rejects(made.read("redis.auth"), { code: "secret-invalid" });
});

t.test("marks are replaced by values in their forms, and values taken out of texts again", async (t) => {
  const { store: made } = store(t);
  await made.make("redis.auth");
  const value = await made.read("redis.auth");
  const text = asSealed(`requirepass ${secretMark("redis.auth")}\nacl #${secretMark("redis.auth", "sha256")}\n`);
  t.notMatch(text, value);
  const open = await unseal(text, made.read);
  t.match(open, `requirepass ${value}\nacl #`);
  t.match(open, /acl #[0-9a-f]{64}\n$/);
  t.equal(made.redact(`ERR wrong password ${value}`), "ERR wrong password «secret»");
  for (const form of Object.values(secretForms)) {
    t.equal(
      made.redact(`in ALTER ROLE … '${form(value)}'`),
      "in ALTER ROLE … '«secret»'",
      "in every form it is written in",
    );
  }
});

t.test("half a mark never reaches a file", async (t) => {
  const { store: made } = store(t);
  await t.rejects(unseal(asSealed("requirepass «secret:redis.auth"), made.read), { code: "seal-broken" });
  await t.rejects(unseal(asSealed("requirepass «secret:redis.auth|rot13»"), made.read), { code: "seal-broken" });
  await t.rejects(unseal(asSealed(secretMark("redis.auth")), made.read), { code: "secret-missing" });
  t.equal(
    await readFile("package.json", "utf8"),
    await unseal(asSealed(await readFile("package.json", "utf8")), made.read),
  );
});
