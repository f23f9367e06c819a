import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { run } from "../../lib/run.ts";

export interface User {
  readonly home: string;
  /** Their copy of the project. */
  readonly project: string;
  /** Runs build-template as they would. */
  readonly command: readonly string[];
}

/** The machine of somebody who has nothing but a home, and a copy of the project that they can read. */
export async function withUser(use: (user: User) => Promise<void>): Promise<void> {
  const name = `stack-test-${process.pid}`;
  const folder = await mkdtemp("/var/tmp/stack-user-");
  const home = join(folder, "home");
  try {
    await run("useradd", ["--create-home", "--home-dir", home, name]);
    await run("chmod", ["755", folder]);
    const project = join(folder, "a project");
    const left = new Set([".git", "dist", ".tap"]);
    await cp(".", project, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !left.has(relative(".", path)),
    });
    const temporary = join(folder, "other-tmp");
    await mkdir(temporary);
    await run("chown", ["--recursive", "--no-dereference", `${name}:`, project, temporary], { timeout: 120_000 });
    const environment = ["-u", "XDG_CACHE_HOME", `HOME=${home}`, `TMPDIR=${temporary}`, ...elsewhere];
    const words = [
      ...["unshare", "--uts", "sh", "-c", 'hostname another-host && cd / && umask 077 && exec "$@"', "sh"],
      ...["taskset", "--cpu-list", "0", "runuser", "-u", name, "--", "env", ...environment],
      ...[join(project, "bin/build-template"), "--out", join(home, "out")],
    ];
    await use({ home, project, command: words });
  } finally {
    // 6: useradd had failed; 8: a build that was killed still ends; 12: its home goes with the folder.
    await run("userdel", ["--force", "--remove", name], { accept: [0, 6, 8, 12] });
    // Where a build was killed, what it had begun may still be taking its work folder away.
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
  }
}

const elsewhere = ["LC_ALL=C.UTF-8", "LANG=tr_TR.UTF-8", "LANGUAGE=tr", "TZ=Pacific/Kiritimati"];
