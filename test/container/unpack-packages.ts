import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isStackError } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";

/** Unpacks Debian packages into `root` of a folder; nothing is installed, and nothing of them is started. */
export async function unpackPackages(folder: string, packages: readonly string[], signal: AbortSignal): Promise<void> {
  const options = { cwd: folder, signal, timeout: 300_000 };
  const download = () => run("apt-get", ["--quiet", "-o", "APT::Sandbox::User=root", "download", ...packages], options);
  await download().catch(async (error: unknown) => {
    if (!isStackError(error) || error.code !== "command-failed") throw error;
    await run("apt-get", ["--quiet", "update"], options);
    await download();
  });
  for (const name of await readdir(folder)) {
    if (name.endsWith(".deb")) await run("dpkg", ["--extract", join(folder, name), join(folder, "root")], options);
  }
}
