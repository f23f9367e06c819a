import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { fingerprintOf } from "../../../builder/sources/fingerprint.ts";
import { projectFolder } from "../../../lib/project-folder.ts";
import { rabbitmqSources } from "../../../stack/components/rabbitmq/sources.ts";

const file = join(projectFolder, rabbitmqSources.vendor.key);

t.test("the RabbitMQ team's key is the one that they name, to us and to GnuPG", async (t) => {
  const published = "0A9AF2115F4687BD29803A206B73A36E6026DFCA";
  t.equal(fingerprintOf(readFileSync(file, "utf8")), published);
  const home = mkdtempSync(join(tmpdir(), "keys-"));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  const shown = execFileSync("gpg", ["--homedir", home, "--with-colons", "--show-keys", file], { encoding: "utf8" });
  t.equal(/^fpr:+([0-9A-F]+):/m.exec(shown)?.[1], published);
  t.equal(rabbitmqSources.vendor.fingerprint, published);
});

t.test("another key has another fingerprint, and what is no key has none", async (t) => {
  const key = readFileSync(file, "utf8");
  const line = /\n\n(\S+)\n/.exec(key)?.[1] ?? "";
  t.not(fingerprintOf(key.replace(line, line.replace(/.{4}$/, "AAAA"))), fingerprintOf(key));
  for (const text of ["", "ssh-ed25519 AAAA", key.replace("PUBLIC", "PRIVATE"), key.replace(line, "AAAA")]) {
    t.throws(() => fingerprintOf(text), { code: "bad-key" });
  }
});
