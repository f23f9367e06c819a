import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { configHome, publicReleaseKey, releaseKeyPair } from "../../../builder/provenance/release-key.ts";
import { isSignedBy, keyFingerprint, makeKeyPair, signBytes } from "../../../lib/key-pair.ts";

t.test("the key is made once, is its owner's alone, and is the same afterwards", async (t) => {
  const folder = join(t.testdir(), "config");
  t.equal(await publicReleaseKey(folder), undefined);
  const made = await releaseKeyPair(folder);
  t.ok(made.isNew);
  t.equal((await stat(join(folder, "release.key"))).mode & 0o777, 0o600);
  t.same(await releaseKeyPair(folder), { ...made, isNew: false });
  t.equal(await publicReleaseKey(folder), made.public);
  t.equal(await readFile(join(folder, "release.pub"), "utf8"), made.public);
});

t.test("half of a pair, or what is no key, is told: another pair is not made in its place", async (t) => {
  const folder = t.testdir();
  await releaseKeyPair(folder);
  await rm(join(folder, "release.pub"));
  await t.rejects(releaseKeyPair(folder), { code: "bad-release-key" });
  await writeFile(join(folder, "release.pub"), "noise");
  await t.rejects(publicReleaseKey(folder), { code: "bad-release-key" });
});

t.test("its folder is XDG's, and never a relative one", async (t) => {
  t.equal(configHome({ XDG_CONFIG_HOME: "/x", HOME: "/h" }), "/x/proxmox-stack");
  t.equal(configHome({ XDG_CONFIG_HOME: "x", HOME: "/h" }), "/h/.config/proxmox-stack");
});

t.test("what is signed is signed by that key alone, bit for bit", async (t) => {
  const keys = makeKeyPair();
  const text = Buffer.from("text");
  const signature = signBytes(text, keys.private);
  t.ok(isSignedBy(text, signature, keys.public));
  t.notOk(isSignedBy(Buffer.from("texu"), signature, keys.public));
  t.notOk(isSignedBy(text, signature, makeKeyPair().public));
  t.notOk(isSignedBy(text, "", keys.public));
  t.notOk(isSignedBy(text, signature, "no key"));
  t.match(keyFingerprint(keys.public), /^SHA256:[\w-]{43}$/);
});
