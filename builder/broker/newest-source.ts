import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isStackError, StackError } from "../../lib/error.ts";
import { exists, readTextIfAny, writeFileAtomic } from "../../lib/files.ts";
import type { Run } from "../../lib/run.ts";
import { explainNetwork, type Resolution } from "../resolve.ts";

export interface SourceQuestion {
  readonly name: string;
  /** The archives that may have it, and the state they are in. */
  readonly releases: Resolution["releases"];
  /** Where answers are kept. */
  readonly folder: string;
  /** Keeps nothing. */
  readonly dry: boolean;
  readonly run: Run;
  readonly signal: AbortSignal;
}

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * The newest version of a source package that can be had. Not every mirror has the sources of
 * security updates: what counts is a description file, verified, that was downloaded. An
 * answer holds until the archives change.
 *
 * @throws StackError `mirror-unreachable`, `no-such-source`
 */
export async function newestSource(question: SourceQuestion): Promise<string> {
  const { name, releases, folder, dry } = question;
  const state = createHash("sha256").update(JSON.stringify([name, releases]));
  const path = join(folder, `source-${state.digest("hex").slice(0, 32)}`);
  const known = await readTextIfAny(path);
  if (known !== undefined && known.trim() !== "") return known.trim();
  const version = await ask(question);
  if (!dry) await writeFileAtomic(path, `${version}\n`);
  return version;
}

async function ask({ name, releases, run, signal }: SourceQuestion): Promise<string> {
  const top = await mkdtemp(join(tmpdir(), "sources-"));
  try {
    for (const part of ["lists/partial", "archives/partial", "source"])
      await mkdir(join(top, part), { recursive: true });
    const signed = (await exists(keyring)) ? `[signed-by=${keyring}] ` : "";
    const lines = releases.map(({ uri, suite }) => `deb-src ${signed}${uri} ${suite} main\n`);
    await writeFile(join(top, "sources.list"), lines.join(""));
    await writeFile(join(top, "status"), "");
    const apt = (command: string, args: readonly string[]) =>
      run(command, [...isolated(top), ...args], { timeout: 180_000, signal, cwd: join(top, "source") });
    await apt("apt-get", ["--quiet", "update"]).catch(explainNetwork);
    const { stdout } = await apt("apt-cache", ["--quiet", "madison", name]);
    // Of a package's versions apt tells the newest first, but not across archives.
    const versions = stdout
      .split("\n")
      .map((line) => line.split("|").map((word) => word.trim()))
      .flatMap(([, version, from]) => (version !== undefined && from?.endsWith("Sources") ? [version] : []));
    for (const version of await newestFirst(versions, run)) {
      const had = await apt("apt-get", [
        "--quiet",
        "--download-only",
        "--dsc-only",
        "source",
        `${name}=${version}`,
      ]).then(
        () => true,
        (error: unknown) => {
          if (isStackError(error) && error.code === "command-failed") return false;
          throw error;
        },
      );
      if (had) return version;
    }
    throw new StackError("no-such-source", `no archive has the source of ${name}`, {
      detail: releases.map(({ uri, suite }) => `${uri} ${suite}`),
      hint: "a mirror without source packages can't be used for it: see http_proxy, or apt's configuration",
    });
  } finally {
    await rm(top, { recursive: true, force: true });
  }
}

/** apt's settings that leave this machine's own lists and packages alone; its proxies and certificates hold. */
function isolated(top: string): string[] {
  const settings = {
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
    "Acquire::Retries": "1",
    "Acquire::http::Timeout": "8",
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

/** By dpkg's own comparison. */
async function newestFirst(versions: readonly string[], run: Run): Promise<string[]> {
  const sorted: string[] = [];
  for (const version of new Set(versions)) {
    let at = 0;
    for (; at < sorted.length; at++) {
      const { code } = await run("dpkg", ["--compare-versions", version, "gt", sorted[at] ?? ""], { accept: [0, 1] });
      if (code === 0) break;
    }
    sorted.splice(at, 0, version);
  }
  return sorted;
}
