import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describeError, messageOf } from "../../lib/error.ts";
import { exists } from "../../lib/files.ts";
import { shellWords } from "../../lib/shell-words.ts";
import { chrootCallOf, chrootWords, namespaceCommand } from "../namespace.ts";
import { rootfsFolder } from "../work-folder.ts";
import type { BuildFailure } from "./build.ts";

/**
 * Opens a shell on the terminal inside the template's root file system, as the failed step
 * had it: /proc, /dev, this machine's name resolution, the step's own files at /mnt and its
 * environment. Comes back when the shell ends, whatever its exit code. Where there is no root
 * file system yet, it says so.
 */
export async function failureShell(failure: BuildFailure, write: (line: string) => void): Promise<void> {
  const { error, work, command } = failure;
  write(`\n${describeError(error)}`);
  const call = command === undefined ? undefined : chrootCallOf(command.args);
  const root = call?.root ?? (await rootOf(failure, write));
  if (root === undefined || !(await exists(join(root, "usr/bin/bash")))) {
    write("\nNo shell: the step failed before there was a root file system to look into.");
    return;
  }
  const lend = call?.lend ?? join(work, "lend-shell");
  await mkdir(lend, { recursive: true });
  if (call !== undefined) write(`\nfailed:  ${shellWords(call.command)}`);
  write("A shell in the template's root file system; /mnt has the step's files. `exit` ends it and goes on.\n");
  const assignments = [
    ...(call?.assignments ?? []),
    `TERM=${process.env.TERM ?? "dumb"}`,
    "PS1=(template) \\w \\$ ",
    "HISTFILE=",
  ];
  await interactive([...namespaceCommand, ...chrootWords({ root, lend, assignments, command: shell })]);
}

const shell = ["/bin/bash", "--norc", "-i"];

async function rootOf({ rootfs, work }: BuildFailure, write: (line: string) => void): Promise<string | undefined> {
  try {
    return rootfs === undefined ? join(work, rootfsFolder) : await rootfs();
  } catch (error) {
    write(`the base can't be unpacked: ${messageOf(error)}`);
    return undefined;
  }
}

/** With this process's own terminal, which `run` never gives away. */
function interactive([command = "", ...args]: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit" });
    child.once("error", reject);
    child.once("close", () => resolve());
  });
}
