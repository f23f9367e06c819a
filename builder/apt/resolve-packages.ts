import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import { isMirrorTrouble } from "../../lib/apt/explain-apt.ts";
import { StackError } from "../../lib/error.ts";
import { readTextIfAny, writeFileAtomic } from "../../lib/files.ts";
import type { Log } from "../../lib/log.ts";
import { retry } from "../../lib/retry.ts";
import type { Run } from "../../lib/run.ts";
import { allEnded } from "../all-ended.ts";
import { explainDisk } from "../cache/explain-disk.ts";
import { debianArchives } from "./debian-archives.ts";
import { type GoneFile, readGone, stillGone, writeGone } from "./gone-files.ts";
import { type Apt, type Archive, type Beside, openApt } from "./open-apt.ts";
import { simulate } from "./simulate.ts";

/** Which versions Debian's archives give for the packages asked for, and the state of the archives that say so. */
const resolution = z.strictObject({
  schemaVersion: z.literal(1),
  releases: z.array(z.strictObject({ uri: z.string(), suite: z.string(), sha256: z.string() })).check(z.minLength(1)),
  packages: z.array(z.strictObject({ name: z.string(), version: z.string() })).check(z.minLength(1)),
  /** Newer versions that the archives name, and whose files they haven't. */
  without: z.optional(z.array(z.strictObject({ name: z.string(), version: z.string(), url: z.string() }))),
});
export type Resolution = z.output<typeof resolution>;

/** What tells one resolution from another. */
export interface ResolveQuestion {
  readonly suite: string;
  readonly architecture: string;
  readonly packages: readonly string[];
  /** Archives beside Debian's. */
  readonly beside?: Beside | undefined;
}

export interface ResolveOptions extends ResolveQuestion {
  /** Where resolutions are kept. */
  readonly folder: string;
  /** Scratch space: what is fetched there is for `fetchPackages` too. */
  readonly work: string;
  /** Takes the last resolution without asking the archive. */
  readonly offline: boolean;
  /** Keeps nothing: for a look without a side effect. */
  readonly dry: boolean;
  readonly run: Run;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Milliseconds between tries; see `retry`. */
  readonly waits?: readonly number[] | undefined;
}

/**
 * Works out the packages' versions. The archives' InRelease files, each a signed list of the
 * digests of all else, tell whether the last answer still holds: then that costs a tenth of
 * a second, else apt is asked, some 5 s.
 *
 * All of main, updates and security must be there and whole: a template without security's
 * updates is not what was asked for. Where one of them isn't, after some tries, the last answer
 * is taken if there is one, with a warning: it had all three, and what was built from it is
 * in the cache. What then has to be downloaded fails by itself. Never so where a signature is
 * not one that is trusted, and never for archives beside Debian's: there may be another mirror.
 *
 * @throws StackError `mirror-unreachable`, `mirror-out-of-step`, `untrusted-archive`; `no-such-package`;
 *   `package-unavailable` where no version that can be had will do; `not-cached` where nothing is known offline;
 *   `cache-full`, `cache-forbidden`, `work-full`
 */
export async function resolvePackages(options: ResolveOptions): Promise<Resolution> {
  const path = resolutionPath(options);
  const known = await readResolution(path).catch((error: unknown) => explainDisk(error, options.folder));
  if (options.offline) {
    if (known !== undefined) return known;
    throw new StackError("not-cached", "offline, and these packages were never looked up on this machine", {
      hint: "build once without --offline",
    });
  }
  const found = await ask(options, known).catch((error: unknown) => {
    if (known === undefined || options.beside !== undefined || !isMirrorTrouble(error)) throw error;
    options.log("warning", `${error.message}; going on with the packages of the last look, and with nothing newer`);
    return known;
  });
  if (!options.dry && found !== known) {
    const text = `${JSON.stringify(found, undefined, 1)}\n`;
    await writeFileAtomic(path, text).catch((error: unknown) => explainDisk(error, options.folder));
  }
  const versions = new Map(found.packages.map(({ name, version }) => [name, version]));
  for (const { name, version, url } of found.without ?? []) {
    options.log(
      "warning",
      `${name} ${version} can't be had, its file ${url} is missing: ${versions.get(name)} is taken`,
    );
  }
  return found;
}

/** Where apt's lists, and the packages fetched, of a question are. */
export function aptFolder(work: string, question: ResolveQuestion): string {
  return join(work, "apt", digestOf(question));
}

/** Where the answer to a request is kept. */
export function resolutionPath(options: ResolveQuestion & Pick<ResolveOptions, "folder">): string {
  return join(options.folder, `${digestOf(options)}.json`);
}

function digestOf({ suite, architecture, packages, beside }: ResolveQuestion): string {
  const question = [suite, architecture, [...packages].sort(), ...(beside === undefined ? [] : [beside])];
  return createHash("sha256").update(JSON.stringify(question)).digest("hex").slice(0, 32);
}

/** One that can't be read counts as none. */
async function readResolution(path: string): Promise<Resolution | undefined> {
  const text = await readTextIfAny(path);
  if (text === undefined) return undefined;
  try {
    return resolution.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function ask(options: ResolveOptions, known: Resolution | undefined): Promise<Resolution> {
  const { suite, work, log, signal, waits } = options;
  const apt = await openApt({ ...options, archives: debianArchives(suite), folder: aptFolder(work, options) });
  return retry(
    async () => {
      if (known !== undefined) {
        const now = await fetchReleases(known.releases, apt);
        const same = JSON.stringify(now) === JSON.stringify(known.releases);
        if (same && isWithout(known, await missing(now, apt, options))) return known;
      }
      return lookUp(apt, options);
    },
    { passing: isMirrorTrouble, log, signal, waits },
  );
}

/** What was found missing, and still is. */
async function missing(states: Resolution["releases"], apt: Apt, { folder, dry }: ResolveOptions): Promise<GoneFile[]> {
  const noted = await readGone(folder, states);
  const still = await stillGone(noted, apt);
  if (!dry && still.length < noted.length) await writeGone(folder, states, still);
  return still;
}

/** Whether a resolution leaves out what is missing of its packages, and nothing else. */
function isWithout({ packages, without = [] }: Resolution, gone: readonly GoneFile[]): boolean {
  const names = new Set(packages.map(({ name }) => name));
  const urls = new Set(gone.filter(({ name }) => names.has(name)).map(({ url }) => url));
  return without.length === urls.size && without.every(({ url }) => urls.has(url));
}

/** With a fresh look at the index. */
async function lookUp(apt: Apt, options: ResolveOptions): Promise<Resolution> {
  await apt.update();
  const releases = await apt.states();
  const gone = await missing(releases, apt, options);
  const versions = await simulate(apt, options, gone);
  const without = gone.filter(({ name }) => versions.has(name));
  return {
    schemaVersion: 1,
    releases,
    packages: [...versions].map(([name, version]) => ({ name, version })),
    ...(without.length > 0 && { without: without.map(({ name, version, url }) => ({ name, version, url })) }),
  };
}

/** Digests of the InRelease files, got by apt's own helper: it heeds apt's proxies and certificates. */
async function fetchReleases(sources: readonly Archive[], apt: Apt): Promise<Resolution["releases"]> {
  return allEnded(
    sources.map(async ({ uri, suite }, number) => {
      const path = join(apt.folder, `release-${number}`);
      await apt.apt("apt-helper", ["download-file", `${uri}/dists/${suite}/InRelease`, path]);
      const sha256 = createHash("sha256")
        .update(await readFile(path))
        .digest("hex");
      await rm(path, { force: true });
      return { uri, suite, sha256 };
    }),
  );
}
