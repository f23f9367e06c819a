import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "../../lib/files.ts";
import type { Run } from "../../lib/run.ts";
import { explainNetwork } from "../resolve.ts";

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** This machine's apt over other archives, with lists and packages of its own. */
export interface IsolatedApt {
  /** Runs `apt-get` or `apt-cache`. @throws StackError `command-failed` */
  readonly apt: (command: "apt-get" | "apt-cache", args: readonly string[]) => Promise<string>;
  /** Where `apt-get download` puts its files. */
  readonly folder: string;
}

/**
 * An apt for Debian's archives of some release, whatever this machine's own release is: it verifies
 * signatures as always, and proxies and certificates are those of this machine's apt. Its lists
 * are fetched.
 *
 * @param top folder for all that it keeps
 * @throws StackError `mirror-unreachable`
 */
export async function isolatedApt(
  releases: readonly { readonly uri: string; readonly suite: string }[],
  top: string,
  { run, signal }: { readonly run: Run; readonly signal: AbortSignal },
): Promise<IsolatedApt> {
  const folder = join(top, "packages");
  for (const part of [folder, join(top, "lists/partial"), join(top, "archives/partial")])
    await mkdir(part, { recursive: true });
  const signed = (await exists(keyring)) ? `[signed-by=${keyring}] ` : "";
  const lines = releases.map(({ uri, suite }) => `deb ${signed}${uri} ${suite} main\n`);
  await writeFile(join(top, "sources.list"), lines.join(""));
  await writeFile(join(top, "status"), "");
  const apt: IsolatedApt["apt"] = async (command, args) => {
    const options = { timeout: 600_000, signal, cwd: folder, env: { ...process.env, LC_ALL: "C" } };
    return (await run(command, [...settings(top), ...args], options)).stdout;
  };
  await apt("apt-get", ["--quiet", "update"]).catch(explainNetwork);
  return { apt, folder };
}

/** apt's settings that leave this machine's own lists and packages alone. */
function settings(top: string): string[] {
  const values = {
    "Dir::State::Lists": join(top, "lists"),
    "Dir::State::Status": join(top, "status"),
    "Dir::Cache": join(top, "cache"),
    "Dir::Cache::Archives": join(top, "archives"),
    "Dir::Etc::SourceList": join(top, "sources.list"),
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::Etc::Preferences": "/dev/null",
    "Dir::Etc::PreferencesParts": "/dev/null",
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
    "Acquire::Retries": "3",
    "Acquire::http::Timeout": "8",
  };
  return Object.entries(values).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}
