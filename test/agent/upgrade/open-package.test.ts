import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { openPackage } from "../../../agent/upgrade/open-package.ts";
import { keyFingerprint, makeKeyPair, signBytes } from "../../../lib/key-pair.ts";
import { run } from "../../../lib/run.ts";

const keys = makeKeyPair();
const { signal } = new AbortController();

interface Parts {
  readonly record?: object;
  readonly payload?: string;
  readonly signed?: string;
  readonly signature?: object;
  readonly leave?: string;
}

async function packed(t: Test, { record = {}, payload = "payload", signed, signature, leave }: Parts = {}) {
  const folder = t.testdir();
  const sha256 = createHash("sha256").update("payload").digest("hex");
  const text = JSON.stringify({
    ...{ schemaVersion: 1, id: "1.1.0-aa", name: "shop", version: "1.1.0", debian: "12", architecture: "amd64" },
    ...{ servers: {}, migrations: [], services: {}, own: [], payload: { bytes: 7, sha256 } },
    ...record,
  });
  const by = "dev@desk \u001b[31m";
  const good = { schemaVersion: 1, key: keys.public, signature: signBytes(Buffer.from(text), keys.private), by };
  await writeFile(join(folder, "release.json"), signed ?? text);
  await writeFile(join(folder, "release.json.sig"), JSON.stringify({ ...good, ...signature }));
  await writeFile(join(folder, "payload.tar.zst"), payload);
  const members = ["./payload.tar.zst", "./release.json", "./release.json.sig"].filter((name) => name !== leave);
  const file = join(folder, "x.stack-release");
  await run("tar", ["--create", "--file", file, "--directory", folder, ...members]);
  return file;
}

// Whoever runs the tests trusts no key: what is good is told as unknown, after all else was looked at.
t.test("a package is taken by a known key alone, and the one that signed it is named", async (t) => {
  const file = await packed(t);
  const fingerprint = keyFingerprint(keys.public);
  await t.rejects(openPackage(file, { run, signal, trust: undefined }), {
    ...{ code: "unknown-key", message: new RegExp(fingerprint) },
    hint: `it says it is dev@desk???31m's; where build-template release shows the same fingerprint on that workstation: --trust ${fingerprint}, once`,
  });
  await t.rejects(openPackage(file, { run, signal, trust: "SHA256:x" }), { code: "other-key", exit: 64 });
});

t.test("what is cut, changed or another's is refused before its key is asked about", async (t) => {
  const other = makeKeyPair();
  for (const [parts, code] of [
    [{ signed: "{}" }, "bad-signature"],
    [{ signature: { key: other.public } }, "bad-signature"],
    [{ signature: { key: "no key" } }, "bad-package"],
    [{ signature: { signature: 1 } }, "bad-package"],
    [{ leave: "./release.json" }, "bad-package"],
    [{ leave: "./release.json.sig" }, "bad-package"],
  ] as const) {
    const file = await packed(t, parts);
    await t.rejects(openPackage(file, { run, signal, trust: undefined }), { code }, JSON.stringify(parts));
  }
  await t.rejects(openPackage("/nowhere", { run, signal, trust: undefined }), { code: "no-package", exit: 64 });
  await t.rejects(openPackage(t.testdir(), { run, signal, trust: undefined }), { code: "no-package", exit: 64 });
});
