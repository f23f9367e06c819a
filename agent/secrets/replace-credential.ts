import { join } from "node:path";
import { isStackError } from "../../lib/error.ts";
import { exists, writeFileAtomic } from "../../lib/files.ts";
import type { Run } from "../../lib/run.ts";
import type { ServiceModel } from "../../stack/model.ts";

export interface ReplaceOptions {
  readonly run: Run;
  /** uid and gid of `user:group`. */
  readonly owner: (owner: string) => Promise<{ readonly uid: number; readonly gid: number }>;
  /** Where systemd mounts a unit's credentials, and where they are lent without mounts. */
  readonly folders?: { readonly mounted: string; readonly lent: string };
}

const machineFolders = { mounted: "/run/credentials", lent: "/run/stack-credentials" } as const;

/**
 * Puts another value into the place of a credential that a running service has, as one rename(2): who
 * watches the folder sees it, and nobody half of it. systemd mounts the folder read-only, once for the
 * machine and once for the service, which only reads: it is the machine's that is writable meanwhile.
 *
 * @returns false where the container refuses the remount: the service must be restarted for it
 */
export async function replaceCredential(
  { unit, user }: Pick<ServiceModel, "unit" | "user">,
  name: string,
  value: Buffer,
  { run, owner, folders = machineFolders }: ReplaceOptions,
): Promise<boolean> {
  const { uid } = await owner(`${user}:${user}`);
  const write = (folder: string): Promise<void> =>
    writeFileAtomic(join(folder, name), value, { mode: 0o400, uid, gid: 0 });
  const lent = join(folders.lent, unit);
  const mounted = join(folders.mounted, unit);
  if (await exists(lent)) await write(lent);
  else if (await exists(mounted)) return whileWritable(mounted, run, () => write(mounted));
  return true;
}

async function whileWritable(folder: string, run: Run, work: () => Promise<void>): Promise<boolean> {
  const remount = (how: "rw" | "ro") => run("mount", ["-o", `remount,bind,nosuid,nodev,noexec,${how}`, folder]);
  try {
    await remount("rw");
  } catch (error) {
    if (isStackError(error) && error.code === "command-failed") return false;
    throw error;
  }
  try {
    await work();
  } finally {
    await remount("ro");
  }
  return true;
}
