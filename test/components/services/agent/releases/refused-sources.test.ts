import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { checkSource, unhashedLine } from "../../../../../components/services/agent/releases/check-source.ts";
import { firstFault, unpackArchive } from "../../../../../components/services/agent/releases/unpack-archive.ts";
import { run } from "../../../../../lib/run.ts";

const { signal } = new AbortController();
const hash = `--hash=sha256:${"0".repeat(64)}`;

t.test("each requirement of a lock has a hash; what is none is passed over", async (t) => {
  t.equal(
    unhashedLine(`# by uv\n--index-url https://x\n\nidna==3.10 \\\n    ${hash}\nb==1 ${hash} # via a\n`),
    undefined,
  );
  t.equal(unhashedLine(`idna==3.10 ${hash}\nhttpx==0.28.1\n`), "httpx==0.28.1");
  t.equal(unhashedLine("-e ./mine\n"), "-e");
  t.equal(unhashedLine("a==1 --hash=md5:00\n"), "a==1");
  t.equal(unhashedLine("a==1 # --hash=sha256:00\n"), "a==1");
});

t.test("a folder is a service's when it has what the service is run by", async (t) => {
  const folder = t.testdir({ "app.py": "", server: "", "requirements.lock": "" });
  const python = { name: "a", module: "app", command: ["venv/bin/python", "-m", "app"] };
  t.match(await checkSource(python, folder), { files: ["app.py"], lock: "" });
  await t.rejects(checkSource({ ...python, module: "other" }, folder), { code: "no-module" });
  const program = { name: "b", command: ["./server", "--port", "8010"] };
  t.match(await checkSource(program, folder), { files: ["app.py", "requirements.lock", "server"], lock: undefined });
  await t.rejects(checkSource({ name: "b", command: ["bin/absent"] }, folder), { code: "no-program" });
  await t.resolves(checkSource({ name: "b", command: ["/usr/bin/nginx"] }, folder));
});

t.test("of an archive's list the first that is no file or folder, or leads out, is named", async (t) => {
  const line = (kind: string, name: string) => `${kind}rw-r--r-- 0/0   12 2026-11-29 23:15 "${name}"`;
  t.equal(firstFault([line("d", "./"), line("-", './a \\"b\\".py'), ""].join("\n")), undefined);
  t.match(firstFault(`${line("l", "a")} -> "/etc/shadow"`), /^a is a symbolic link$/);
  t.match(firstFault(`${line("h", "b")} link to "a"`), /hard link/);
  t.match(firstFault(`crw-r--r-- root/root 1,3 2026-11-29 23:15 "null"`), /device/);
  t.match(firstFault(line("-", "/etc/cron.d/x")), /leads out/);
  t.match(firstFault(line("-", "a/../../x")), /leads out/);
  t.equal(firstFault(line("-", "a/..x")), undefined);
  t.match(firstFault("what is this"), /can't be told/);
});

t.test(
  "an archive is unpacked whatever it is compressed with, and whether or not all of it is in a folder",
  async (t) => {
    const top = t.testdir();
    mkdirSync(join(top, "mine"));
    writeFileSync(join(top, "mine/app.py"), "x = 1\n");
    const tar = (...words: string[]) => t.equal(spawnSync("tar", words, { cwd: top }).status, 0, words.join(" "));
    tar("-cf", "plain.tar", "mine");
    tar("-czf", "gz.tar.gz", "-C", "mine", ".");
    t.equal(await unpackArchive(join(top, "plain.tar"), join(top, "a"), run, signal), join(top, "a/mine"));
    t.equal(await unpackArchive(join(top, "gz.tar.gz"), join(top, "b"), run, signal), join(top, "b"));
    symlinkSync("/etc/passwd", join(top, "mine/link.py"));
    tar("-cf", "link.tar", "mine");
    await t.rejects(unpackArchive(join(top, "link.tar"), join(top, "c"), run, signal), {
      code: "bad-archive",
      message: /mine\/link\.py is a symbolic link/,
    });
  },
);
