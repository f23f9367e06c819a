import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { run } from "../../../lib/run.ts";
import { supportBundleDocument } from "../../../stack/documents/support-bundle.ts";
import type { Machine } from "../create-machine.ts";
import { secret } from "../logins.ts";
import { filesWith } from "../secrets/files-with.ts";
import { found, type Needle, needlesOf } from "../secrets/needles.ts";

/** One archive, with what its list says and without any of these secrets, though its sources have them. */
export async function supportBundleRow(t: Test, machine: Machine, needles: readonly Needle[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "bundle-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  // In every writing, in a file that is collected: of what is in force now; of what was before nobody knows any more.
  const names = (await machine.sh("ls /var/lib/stack-agent/secrets")).split("\n");
  const current = await Promise.all(names.map(async (name) => needlesOf(name, await secret(machine, name))));
  const planted = current.flat().map(({ text }) => text);
  t.ok(planted.length > 100, `${planted.length} writings of secrets are planted`);
  await machine.sh("mkdir -p /var/log/apt; cat >>/var/log/apt/history.log", { input: `${planted.join("\nx")}\n` });

  const said = await machine.exec("stack-agent", ["support-bundle", "--output", "/var/tmp/bundle.tar.gz"], {
    timeout: 180_000,
  });
  t.match(said.stderr, /^collecting 1 of \d+: stack\/status\.json$/m, "it says what it does");
  t.match(said.stdout, /^machine\/apt-history\.log +\d+ KiB +\d+ /m, "and what it took out");
  t.strictSame(found(said.stdout + said.stderr, needles), []);
  t.equal(await machine.sh("stat -c '%a %U' /var/tmp/bundle.tar.gz"), "600 root");
  t.equal(await machine.sh("ls -A /var/tmp | grep stack-support || true"), "", "nothing else is left");

  await run("tar", ["-xzf", join(machine.settings.rootfs, "var/tmp/bundle.tar.gz"), "-C", folder]);
  const [top = ""] = await readdir(folder);
  t.match(top, /^stock-analysis-support-\d{8}-\d{6}$/);
  const document = supportBundleDocument.parse(JSON.parse(await readFile(join(folder, top, "contents.json"), "utf8")));
  const listed = document.files.flatMap(({ path, error }) => (error === undefined ? [path] : []));
  const there = (await readdir(join(folder, top), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name !== "contents.json")
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, top).length + 1));
  t.strictSame(there.sort(), listed.sort(), "the list is the content");
  for (const path of [
    "journal/stack.txt",
    "stack/doctor.json",
    "postgres/sessions.txt",
    "redis/6379.txt",
    "rabbitmq/queues.json",
  ])
    t.ok((document.files.find((one) => one.path === path)?.bytes ?? 0) > 200, path);
  const history = document.files.find(({ path }) => path === "machine/apt-history.log");
  t.ok((history?.redacted ?? 0) >= planted.length, "each that was planted was taken out");
  t.strictSame(await filesWith(join(folder, top), needles), [], "no secret is in any of its files");
  const word = [{ secret: "none", form: "word", kind: "value", text: "redis-server@6379" }] as const;
  t.ok((await filesWith(join(folder, top), word)).length > 1, "and the search finds what is in them");

  const streamed = await machine.sh(
    "stack-agent support-bundle --output - --since '1 minute ago' | tar -tzf - | grep -c .",
  );
  t.ok(Number(streamed) > 30, "it goes to standard output as well");
  const refused = (...args: string[]) => machine.exec("stack-agent", ["support-bundle", ...args], { accept: [1, 64] });
  t.match(await refused("--since", "someday"), { code: 64, stderr: /--since: .*someday/ });
  t.match(await refused("--output", "/var/tmp"), { code: 64, stderr: /is a folder/ });
  t.match(await refused("--output", "-", "--json"), { code: 64 });
  await machine.sh("mkdir -p /mnt/small && mount -t tmpfs -o size=16k tmpfs /mnt/small");
  t.match(await refused("--output", "/mnt/small/b.tar.gz"), {
    code: 1,
    stderr: /no room in \/mnt\/small.*\[disk-full\]/,
  });
  t.equal(await machine.sh("ls -A /mnt/small; umount /mnt/small"), "", "of one that finds no room nothing is left");
  await machine.sh("rm -f /var/tmp/bundle.tar.gz /var/log/apt/history.log");
}
