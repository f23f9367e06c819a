import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { isStackError, messageOf } from "../../lib/error.ts";
import { commandLine, run } from "../../lib/run.ts";
import { installPackage } from "../npm/install-package.ts";
import type { Counts } from "./tap-counts.ts";

const limit = 1_200_000;

/**
 * Builds the default template three times, as root, as an ordinary user made for it, and from
 * the installed npm package: all must give the same bytes.
 *
 * @returns the counts, and the template's path where root's build went well
 */
export async function buildPhase(): Promise<{ readonly counts: Counts; readonly template?: string }> {
  const failures: string[] = [];
  const prove = async <T>(promise: string, proof: () => Promise<T>): Promise<T | undefined> => {
    try {
      const result = await proof();
      process.stdout.write(`ok - ${promise}\n`);
      return result;
    } catch (error) {
      process.stdout.write(`not ok - ${promise}\n  ${messageOf(error)}\n`);
      for (const line of isStackError(error) ? error.detail : []) process.stdout.write(`  ${line}\n`);
      failures.push(promise);
      return undefined;
    }
  };
  const template = await prove("root builds the default template", () => build(["bin/build-template"]));
  const asUser = "an ordinary user builds the same bytes";
  await prove(asUser, async () => {
    const other = await buildAsUser();
    if (template === undefined || other !== (await sha256(template))) throw new Error("the bytes differ");
  });
  await prove("the npm package, installed, builds the same bytes", async () => {
    const other = await buildFromPackage();
    if (template === undefined || other !== (await sha256(template))) throw new Error("the bytes differ");
  });
  const counts: Counts = { passed: 3 - failures.length, failed: failures.length, skipped: [], failures };
  return template === undefined ? { counts } : { counts, template };
}

/** @returns the template's path */
async function build(command: readonly string[], cwd = process.cwd()): Promise<string> {
  const [program = "", ...args] = [...command, "--json"];
  process.stdout.write(`  ${commandLine(program, args)}\n`);
  const onLine = (line: string, stream: "stdout" | "stderr"): void => {
    if (stream === "stderr") process.stdout.write(`  ${line}\n`);
  };
  const { stdout } = await run(program, args, { timeout: limit, cwd, onLine });
  return (JSON.parse(stdout) as { template: string }).template;
}

/** As somebody who has nothing but a home, in a copy of the project that they can read. */
async function buildAsUser(): Promise<string> {
  const user = `stack-test-${process.pid}`;
  const folder = await mkdtemp("/var/tmp/stack-user-");
  try {
    await run("useradd", ["--create-home", "--home-dir", join(folder, "home"), user]);
    await run("chmod", ["755", folder]);
    const project = join(folder, "project");
    const left = new Set([".git", "dist", ".tap"]);
    await cp(".", project, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !left.has(relative(".", path)),
    });
    await run("chown", ["--recursive", "--no-dereference", `${user}:`, project], { timeout: 120_000 });
    const command = ["runuser", "-u", user, "--", "env", `HOME=${join(folder, "home")}`, "bin/build-template"];
    return await sha256(await build(command, project));
  } finally {
    // 6: useradd had failed; 8: a build that was killed still ends; 12: its home goes with the folder.
    await run("userdel", ["--force", "--remove", user], { accept: [0, 6, 8, 12] });
    await rm(folder, { recursive: true, force: true });
  }
}

/** With what `npm install -g` of the packed file brings, somewhere else. */
async function buildFromPackage(): Promise<string> {
  const folder = await mkdtemp("/var/tmp/stack-npm-");
  try {
    const { bin } = await installPackage(folder);
    return await sha256(await build([join(bin, "build-template")], folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
