import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { hostKeyPath, replaceHostKey } from "../../../../components/system/agent/ssh-key.ts";
import { renewSecret } from "../../../../engine/actions/secrets.ts";
import { isStale, monotonicMicroseconds } from "../../../../engine/state/stale.ts";
import { run } from "../../../../lib/run.ts";
import { testIo } from "../../../engine/test-io.ts";

t.test("who has read a renewed secret runs with an older one, until it is started again", async (t) => {
  const { io, store } = testIo(t.testdir(), [{ name: "redis.auth", reader: "agent", purpose: "" }]);
  await io.makeSecret("redis.auth");
  const old = await store.read("redis.auth");
  const started = monotonicMicroseconds();
  await renewSecret.apply({ name: "redis.auth", units: ["a.service"] }, io);
  t.not(await store.read("redis.auth"), old);
  t.equal(await isStale(io.paths.run, "a.service", started), true);
  t.equal(await isStale(io.paths.run, "b.service", started), false);
  t.equal(await isStale(io.paths.run, "a.service", monotonicMicroseconds() + 1n), false);
});

t.test("a new host key stands in the old one's place, whole, private half closed", async (t) => {
  const folder = t.testdir();
  const path = hostKeyPath(folder, "ed25519");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
  const old = await readFile(`${path}.pub`, "utf8");
  // What a power cut in an earlier renewal leaves.
  await mkdir(join(folder, ".new-ed25519"));
  await writeFile(join(folder, ".new-ed25519", "key"), "half");
  await replaceHostKey(folder, "ed25519", { run });
  const renewed = await readFile(`${path}.pub`, "utf8");
  t.not(renewed, old);
  t.equal((await stat(path)).mode & 0o7777, 0o600);
  const { stdout } = await run("ssh-keygen", ["-y", "-f", path]);
  t.equal(renewed.split(" ")[1], stdout.trim().split(" ")[1], "the halves belong together");
  t.same((await readdir(folder)).sort(), ["ssh_host_ed25519_key", "ssh_host_ed25519_key.pub"]);
});
