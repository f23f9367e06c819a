/** A checkout is installed by the npm of the user's machine; Debian 12 has 9.2, which takes less than a newer one. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { run } from "../../lib/run.ts";

const version = "9.2.0";

t.test("Debian 12's npm takes package.json and the lock as they are", async (t) => {
  t.setTimeout(300_000);
  const folder = t.testdir({ npm: {}, project: {} });
  const project = join(folder, "project");
  for (const name of ["package.json", "package-lock.json", ".npmrc"]) copyFileSync(name, join(project, name));
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", ["install", ...quiet, "--prefix", join(folder, "npm"), `npm@${version}`], {
    cwd: folder,
    timeout: 200_000,
  });
  const npm = join(folder, "npm/node_modules/npm/bin/npm-cli.js");
  const { stdout: said } = await run(process.execPath, [npm, "--version"], { cwd: project });
  t.equal(said.trim(), version);
  const { stdout } = await run(process.execPath, [npm, "install", "--dry-run", ...quiet], { cwd: project });
  t.match(stdout, /added \d+ packages/);
});
