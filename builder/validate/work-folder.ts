import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isStackError, StackError } from "../../lib/error.ts";
import type { Run } from "../../lib/run.ts";
import { inNamespace } from "../namespace.ts";

/**
 * Makes sure that (mapped) root may look into the work folder and start a program in it: a
 * home folder is often closed to other users, and /tmp is sometimes mounted noexec.
 *
 * @throws StackError `work-folder-unusable`
 */
export async function requireUsableWorkFolder(run: Run, work: string, signal: AbortSignal): Promise<void> {
  const program = join(work, "probe");
  await writeFile(program, "#!/bin/sh\n", { mode: 0o755 });
  try {
    await inNamespace(run, ["sh", "-c", '"$1"', "sh", program], { timeout: 20_000, signal });
  } catch (error) {
    if (!isStackError(error) || error.code === "aborted") throw error;
    throw new StackError("work-folder-unusable", `programs can't be started in the work folder ${work}`, {
      detail: error.detail,
      hint: "it is mounted noexec, or a folder above it is closed to others; choose another: TMPDIR=/path build-template …",
    });
  }
  await rm(program);
}
