import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import t from "tap";
import { archive, clean, file } from "../verify/planted.ts";

const module = JSON.stringify(join(import.meta.dirname, "../../../builder/cli/verify-command.ts"));

/** The subcommand in a program of its own. */
function verify(...args: string[]) {
  const program = `import { verifyCommand } from ${module}; process.exitCode = await verifyCommand(process.argv.slice(1));`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module-typescript", "--eval", program, "--", ...args],
    { encoding: "utf8" },
  );
  return { code: status, stdout, stderr };
}

t.test("a line a check, and 0 where all that was checked is ok", async (t) => {
  const folder = t.testdir({ "x_amd64.tar.gz": gzipSync(archive(clean)) });
  const { code, stdout, stderr } = verify(join(folder, "x_amd64.tar.gz"));
  t.equal(code, 0, stderr);
  t.match(stdout, /^x_amd64\.tar\.gz: 0 MB, \d+ members$/m);
  t.match(stdout, /^ok +archive +can be read to its end$/m);
  t.match(stdout, /^not checked +signature +there is no x_amd64\.tar\.gz\.sig$/m);
  t.match(stdout, /^what was checked is ok$/m);
});

t.test("1 where something is not, and what", async (t) => {
  const bytes = gzipSync(archive([...clean, file("etc/x", "")]));
  const path = join(t.testdir({ "x_amd64.tar.gz": bytes }), "x_amd64.tar.gz");
  const { code, stdout } = verify(path);
  t.equal(code, 1);
  t.match(stdout, /^FAILED +names .*\n +- etc\/x does not begin with \.\/$/m);
  t.match(stdout, /^1 of 13 checks failed$/m);
  const json = verify(path, "--json");
  t.equal(json.code, 1);
  t.match(JSON.parse(json.stdout), { schemaVersion: 1, status: "fail", file: "x_amd64.tar.gz", bytes: bytes.length });
});

t.test("64 for what is no template, no option, or no one to trust", async (t) => {
  const path = join(t.testdir({ "x_amd64.tar.gz": gzipSync(archive(clean)) }), "x_amd64.tar.gz");
  for (const args of [
    [],
    ["/nowhere.tar.gz"],
    ["/tmp"],
    [path, "--what"],
    [path, "--key", "/nowhere.pub"],
    [path, "--signers", "/nowhere"],
    [path, "--key", "a", "--signers", "b"],
    [path, "--identity", "me"],
  ]) {
    const { code, stderr, stdout } = verify(...args);
    t.equal(code, 64, args.join(" "));
    t.match(stderr, /^error: /m);
    t.equal(stdout, "");
  }
  t.match(JSON.parse(verify("/nowhere.tar.gz", "--json").stdout), { code: "no-template", hint: /dist/ });
  t.match(verify("--help"), { code: 0, stdout: /Exit codes: 0 all/ });
});
