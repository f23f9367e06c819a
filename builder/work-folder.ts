import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, StackError } from "../lib/error.ts";
import type { Log } from "../lib/log.ts";
import { type Run, run as realRun } from "../lib/run.ts";
import { namespaceCommand, removeMapped } from "./namespace.ts";

/** Where mmdebstrap unpacks; mapped users own what is in it. */
export const rootfsFolder = "rootfs";

export interface WorkFolderOptions {
  readonly run?: Run;
  /** Called where `use` failed, the folder still there: whether it stays. */
  readonly afterFailure?: (path: string, error: unknown) => Promise<"keep" | "remove">;
}

/**
 * Gives `use` a scratch folder in TMPDIR and removes it afterwards, failed or stopped too,
 * unless it is to be kept. It is readable by all: as an ordinary user, mapped root must look
 * into it. It holds nothing secret.
 */
export async function withWorkFolder<T>(
  log: Log,
  use: (path: string) => Promise<T>,
  { run = realRun, afterFailure = async () => "remove" }: WorkFolderOptions = {},
): Promise<T> {
  // Whatever the user's umask: what is made in the folder is for mapped root to read too.
  const umask = process.umask(0o022);
  const path = await makeFolder();
  let fate: "keep" | "remove" = "remove";
  try {
    return await use(path).catch(async (error: unknown) => {
      fate = await afterFailure(path, error);
      throw error;
    });
  } finally {
    if (fate === "remove") {
      await removeMapped(run, path, [rootfsFolder]).catch((error: unknown) => {
        log("warning", `the work folder ${path} could not be removed: ${messageOf(error)}`);
      });
    }
    process.umask(umask);
  }
}

/** The command that removes a work folder: files in it belong to ids that an ordinary user only has in a namespace. */
export function howToRemove(path: string): string {
  if (process.getuid?.() === 0) return `rm -rf ${path}`;
  const rootfs = join(path, rootfsFolder);
  return `${namespaceCommand.join(" ")} find ${rootfs} -mindepth 1 -delete; rm -rf ${path}`;
}

async function makeFolder(): Promise<string> {
  try {
    const path = await mkdtemp(join(tmpdir(), "build-template-"));
    await chmod(path, 0o755);
    return path;
  } catch (error) {
    throw new StackError("no-work-folder", `no work folder can be made in ${tmpdir()}: ${messageOf(error)}`, {
      hint: "choose another: TMPDIR=/path/with/space build-template …",
    });
  }
}
