import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isStackError, StackError } from "../lib/error.ts";
import { commandLine, type Run, type RunOptions, type RunResult } from "../lib/run.ts";

/**
 * The program and first arguments that run a command as root over the rootfs: for an
 * ordinary user root of a user namespace with the ids that mmdebstrap built it with, for
 * root a mount namespace. mmdebstrap brings it for both.
 */
export const namespaceCommand = ["mmdebstrap", "--unshare-helper"] as const;

/** Runs a command as (mapped) root in namespaces of its own; its mounts are gone when it ends. */
export function inNamespace(run: Run, command: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [program, ...first] = namespaceCommand;
  return run(program, [...first, ...command], options);
}

export interface ChrootOptions extends RunOptions {
  /** Folder of this machine that is at /mnt for the one command; never packed, since it is only mounted. */
  readonly lend: string;
  /** The command's environment beside PATH, HOME and LANG. */
  readonly variables?: Readonly<Record<string, string>>;
}

const enter = `
set -eu
root=$1 lend=$2
shift 2
mount --make-rslave /
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$lend" "$root/mnt"
cat /etc/resolv.conf >"$root/etc/resolv.conf" 2>/dev/null || :
cat /etc/hosts >"$root/etc/hosts" 2>/dev/null || :
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \\
	chroot "$root" /usr/bin/env "$@"
`;

/**
 * Runs a command inside a rootfs that is already archived: name resolution of this machine
 * is copied in, so what the rootfs holds afterwards is for throwing away.
 */
export async function inChroot(
  run: Run,
  root: string,
  command: readonly string[],
  { lend, variables = {}, ...options }: ChrootOptions,
): Promise<RunResult> {
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  try {
    return await inNamespace(run, chrootWords({ root, lend, assignments, command }), options);
  } catch (error) {
    if (!isStackError(error) || error.code !== "command-failed") throw error;
    const [name = "", ...args] = command;
    throw new StackError(error.code, `in the chroot ${commandLine(name, args)} failed`, {
      // mmdebstrap's own two lines say only that its command failed.
      detail: error.detail.filter((line) => !/^E: (system failed|unshared command failed)/.test(line)),
    });
  }
}

/** A command in a chroot. */
export interface ChrootCall {
  readonly root: string;
  readonly lend: string;
  /** `NAME=value`. */
  readonly assignments: readonly string[];
  readonly command: readonly string[];
}

/** What runs it inside `inNamespace`. */
export function chrootWords({ root, lend, assignments, command }: ChrootCall): string[] {
  return ["sh", "-c", enter, "sh", root, lend, ...assignments, ...command];
}

/** The call that `inChroot` made a command of; undefined for any other command. */
export function chrootCallOf(args: readonly string[]): ChrootCall | undefined {
  const at = args.indexOf(enter);
  const [root, lend, ...words] = args.slice(at + 2);
  if (at === -1 || root === undefined || lend === undefined) return undefined;
  const first = words.findIndex((word) => !/^\w+=/.test(word));
  return { root, lend, assignments: words.slice(0, first), command: words.slice(first) };
}

/** Removes a folder with files of mapped users in it, which their owner outside can't. */
export async function removeMapped(run: Run, path: string, rootfs: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) {
    for (const name of rootfs) {
      const tree = join(path, name);
      // The folder itself belongs to the user's own folder: only its content goes here.
      const empty = ["sh", "-c", '[ ! -d "$1" ] || find "$1" -mindepth 1 -delete', "sh", tree];
      await inNamespace(run, empty, { timeout: 120_000 });
    }
  }
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
}
