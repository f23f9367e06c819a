import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import t from "tap";
import { buildDeployer } from "../../builder/deployer/build-deployer.ts";
import { run } from "../../lib/run.ts";

t.setTimeout(300_000);

const project = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "stack-deployer-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const made = await buildDeployer({ project, out: folder });
const home = join(folder, "home");
const caches = join(home, ".cache/deploy-template");

/** As on a node: no Node, no npm, nothing of this checkout. */
function deployer(args: readonly string[], file = made.file) {
  return run(file, args, { cwd: "/", env: { PATH: "/usr/bin:/bin", HOME: home }, accept: [0, 1, 64] });
}

t.test("one file is the whole program: it tells its version and help as the checkout does", async (t) => {
  const { version } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as { version: string };
  t.equal(made.file, join(folder, `deploy-template_${version}_amd64`));
  t.match(await deployer(["--version"]), { stdout: `${version}\n`, stderr: "", code: 0 });
  const { stdout } = await run(join(project, "bin/deploy-template"), ["--help"]);
  t.equal((await deployer(["--help"])).stdout, stdout);
});

t.test("its packages are in it, for each way", async (t) => {
  const unreached = async (...to: string[]): Promise<string> => {
    const env = {
      PATH: "/usr/bin:/bin",
      HOME: home,
      PROXMOX_TOKEN: `root@pam!x=${"0".repeat(8)}-0000-0000-0000-${"0".repeat(12)}`,
    };
    return (await run(made.file, ["destroy", "--vmid", "120", ...to], { env, accept: [1] })).stderr;
  };
  t.match(await unreached("--to", "127.0.0.1:1"), /\[node-unreachable\]/);
  t.match(await unreached("--to", "root@127.0.0.1:1"), /\[node-unreachable\]/);
  t.match(await unreached("--via", "local"), /\[no-proxmox\]/);
});

t.test("what it holds is unpacked once, for its user alone, in the place of an earlier version's", async (t) => {
  const [digest = ""] = readdirSync(caches);
  t.same(readdirSync(caches), [digest], "nothing half done");
  const { stdout } = await run("stat", ["-c", "%a %Y", join(caches, digest), join(caches, digest, "bin/node")]);
  t.match(stdout, /^700 /);
  writeFileSync(join(caches, "0123"), "of an earlier version");
  await deployer(["--version"]);
  t.equal((await run("stat", ["-c", "%a %Y", join(caches, digest), join(caches, digest, "bin/node")])).stdout, stdout);
  rmSync(join(caches, digest), { recursive: true });
  await deployer(["--version"]);
  t.same(readdirSync(caches), [digest]);
});

t.test("a file that is not whole, or was changed, is refused, and nothing of it is unpacked", async (t) => {
  const whole = readFileSync(made.file);
  const damaged = join(folder, "damaged");
  const changed = Buffer.from(whole);
  changed.writeUInt8(changed.readUInt8(20_000_000) ^ 1, 20_000_000);
  rmSync(caches, { recursive: true });
  for (const content of [whole.subarray(0, 30_000_000), changed]) {
    writeFileSync(damaged, content, { mode: 0o755 });
    t.match(await deployer(["--version"], damaged), { code: 1, stderr: /\[damaged-file\]\nhint: {2}copy it again/ });
    t.same(readdirSync(caches), []);
  }
});

t.test("the same project gives the same bytes", async (t) => {
  const again = await buildDeployer({ project, out: join(folder, "again") });
  t.equal(again.sha256, made.sha256);
});
