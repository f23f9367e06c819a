import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, StackError } from "../lib/error.ts";
import type { Log } from "../lib/log.ts";
import { type Run, run as realRun } from "../lib/run.ts";
import { removeTree } from "./namespace.ts";

/** Where mmdebstrap unpacks; mapped users own what is in it. */
export const rootfsFolder = "rootfs";

/**
 * Gives `use` a scratch folder in TMPDIR and removes it afterwards, failed or stopped too.
 * It is readable by all: as an ordinary user, mapped root must look into it. It holds nothing secret.
 */
export async function withWorkFolder<T>(log: Log, use: (path: string) => Promise<T>, run: Run = realRun): Promise<T> {
  const path = await makeFolder();
  try {
    return await use(path);
  } finally {
    await removeTree(run, path, [rootfsFolder]).catch((error: unknown) => {
      log("warning", `the work folder ${path} could not be removed: ${messageOf(error)}`);
    });
  }
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
