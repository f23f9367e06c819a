import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runApt } from "../../lib/apt/run-apt.ts";
import { exists } from "../../lib/files.ts";
import type { Log } from "../../lib/log.ts";
import type { Run, RunResult } from "../../lib/run.ts";
import { explainSpace } from "../explain-space.ts";
import { buildHints } from "./build-hints.ts";

/** One of Debian's archives, or another's. */
export interface Archive {
  readonly uri: string;
  readonly suite: string;
}

/** An archive in the state it is in: hex sha256 of its InRelease, a signed list of the digests of all else. */
export interface ArchiveState extends Archive {
  readonly sha256: string;
}

/** Archives beside Debian's: texts for sources.list.d (deb822) and preferences.d. */
export interface Beside {
  readonly sources: string;
  readonly preferences: string;
}

export interface OpenAptOptions {
  readonly archives: readonly Archive[];
  readonly architecture: string;
  readonly beside?: Beside | undefined;
  /** Folder for all that it keeps, lists and packages. Used again, it holds what it had. */
  readonly folder: string;
  readonly run: Run;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** This machine's apt over other archives, with lists, packages and preferences of its own. */
export interface Apt {
  /** Runs one of apt's programs. @throws StackError as `runApt` */
  apt(program: "apt-get" | "apt-cache" | "apt-helper", args: readonly string[]): Promise<RunResult>;
  /** Fetches all lists anew, or none. @throws StackError as `runApt` */
  update(): Promise<void>;
  /** Whether its lists are whole. */
  updated(): Promise<boolean>;
  /** Sets apt_preferences(5), beside those of the other archives. */
  prefer(preferences: string): Promise<void>;
  /** The archives in the state that the lists are of. */
  states(): Promise<ArchiveState[]>;
  readonly folder: string;
  /** Where the lists are, and the packages that `--download-only` brought. */
  readonly lists: string;
  readonly packages: string;
}

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * An apt for archives of some release, whatever this machine's own release is. Proxies,
 * certificates and passwords are those of this machine's apt; what it trusts is Debian's
 * keyring and what `beside` names, and nothing of this machine's own lists, hooks and
 * preferences has a part in it.
 *
 * @throws StackError `work-full`
 */
export function openApt(options: OpenAptOptions): Promise<Apt> {
  return open(options).catch(explainSpace);
}

async function open(options: OpenAptOptions): Promise<Apt> {
  const { folder, archives, beside, run, log, signal } = options;
  const lists = join(folder, "lists");
  const packages = join(folder, "packages");
  const parts = { sources: join(folder, "sources"), preferences: join(folder, "preferences") };
  for (const made of [
    join(lists, "partial"),
    join(packages, "partial"),
    join(folder, "cache"),
    parts.sources,
    parts.preferences,
  ])
    await mkdir(made, { recursive: true });
  // Root's apt downloads as this user, where it may write.
  if (process.getuid?.() === 0) await run("chown", ["_apt", packages], { signal, accept: [0, 1] });
  const signed = (await exists(keyring)) ? `[signed-by=${keyring}] ` : "";
  const lines = archives.map(({ uri, suite }) => `deb ${signed}${uri} ${suite} main\n`);
  await writeFile(join(folder, "sources.list"), lines.join(""));
  await writeFile(join(folder, "status"), "");
  if (beside !== undefined) {
    await writeFile(join(parts.sources, "beside.sources"), beside.sources);
    await writeFile(join(parts.preferences, "beside"), beside.preferences);
  }
  const settings = {
    "APT::Architecture": options.architecture,
    "APT::Architectures": options.architecture,
    "APT::Install-Recommends": "false",
    // As mmdebstrap has it: apt itself is not one of a system's essential packages.
    "pkgCacheGen::ForceEssential": ",",
    "Dir::State::Lists": lists,
    "Dir::State::Status": join(folder, "status"),
    "Dir::Cache": join(folder, "cache"),
    "Dir::Cache::Archives": packages,
    "Dir::Etc::Main": "/dev/null",
    "Dir::Etc::Parts": "/dev/null",
    "Dir::Etc::SourceList": join(folder, "sources.list"),
    "Dir::Etc::SourceParts": parts.sources,
    "Dir::Etc::Preferences": "/dev/null",
    "Dir::Etc::PreferencesParts": parts.preferences,
    "Dir::Log": "/dev/null",
    "Acquire::Languages": "none",
    // apt's own second tries wait within its queue, and of two that wait apt 2.6 forgets one and
    // hangs for ever. Ours ask with a fresh index.
    "Acquire::Retries": "0",
    // An unreachable mirror shows in seconds.
    "Acquire::http::Timeout": "8",
    "Acquire::https::Timeout": "8",
  };
  const own = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  const config = join(folder, "apt.conf");
  // A proxy's password may be in it.
  await writeFile(config, [...(await networkSettings(run, signal)), ...own].join(""), { mode: 0o600 });
  const apt: Apt["apt"] = (program, args) =>
    runApt(run, program === "apt-helper" ? "/usr/lib/apt/apt-helper" : program, args, {
      timeout: 1_800_000,
      signal,
      // Where `apt-get download` puts its files.
      cwd: packages,
      env: { ...process.env, APT_CONFIG: config },
      hints: buildHints,
      onLine: (line) => log("debug", line),
    }).catch(explainSpace);
  const whole = join(folder, "updated");
  return {
    apt,
    ...{ folder, lists, packages },
    async update() {
      await rm(whole, { force: true });
      // Else apt is content with an archive's old lists, or with none.
      await apt("apt-get", ["--quiet", "update", "--error-on=any"]);
      await writeFile(whole, "");
    },
    updated: () => exists(whole),
    prefer: (preferences) => writeFile(join(parts.preferences, "own"), preferences),
    states: async () => {
      const all = [...archives, ...archivesIn(beside?.sources ?? "")].map(async ({ uri, suite }) => {
        const release = await readFile(join(lists, releaseFile(uri, suite)));
        return { uri, suite, sha256: createHash("sha256").update(release).digest("hex") };
      });
      return (await Promise.all(all)).sort((a, b) => (`${a.suite} ${a.uri}` < `${b.suite} ${b.uri}` ? -1 : 1));
    },
  };
}

/** Of a text for sources.list.d in which each paragraph names one address and one suite. */
function archivesIn(sources: string): Archive[] {
  const values = (field: string): string[] =>
    [...sources.matchAll(new RegExp(`^${field}: (\\S+)$`, "gm"))].map(([, value = ""]) => value);
  const suites = values("Suites");
  return values("URIs").map((uri, index) => ({ uri, suite: suites[index] ?? "" }));
}

/** The name under which apt keeps an archive's InRelease file: its address, with slashes as underscores. */
function releaseFile(uri: string, suite: string): string {
  const address = `${uri}/dists/${suite}/InRelease`.replace(/^\w+:\/\//, "");
  return address.replaceAll("_", "%5f").replaceAll("/", "_");
}

/** Lines of apt.conf(5) that say how this machine reaches archives. */
async function networkSettings(run: Run, signal: AbortSignal): Promise<string[]> {
  const { stdout } = await run("apt-config", ["dump"], { signal });
  return stdout
    .split("\n")
    .filter((line) => /^Acquire::(https?|tor|socks5h|ForceIPv[46])(::| )/.test(line))
    .map((line) => `${line}\n`);
}
