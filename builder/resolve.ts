import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod/mini";
import { ExitCode, isStackError, StackError } from "../lib/error.ts";
import { readTextIfAny, writeFileAtomic } from "../lib/files.ts";
import type { Run } from "../lib/run.ts";
import { explainDisk } from "./cache/explain-disk.ts";

/** Which versions Debian's archive gives for the packages asked for, and the state of the archive that says so. */
const resolution = z.strictObject({
  schemaVersion: z.literal(1),
  releases: z.array(z.strictObject({ uri: z.string(), suite: z.string(), sha256: z.string() })).check(z.minLength(1)),
  packages: z.array(z.strictObject({ name: z.string(), version: z.string() })).check(z.minLength(1)),
});
export type Resolution = z.output<typeof resolution>;

export interface ResolveOptions {
  readonly suite: string;
  readonly architecture: string;
  readonly packages: readonly string[];
  /** Archives beside Debian's. */
  readonly beside?: {
    /** What tells them from others. */
    readonly id: string;
    /** Asked first, each by itself: that one can't be reached shows at once. */
    readonly releases: readonly { readonly uri: string; readonly suite: string }[];
    /** apt's settings that make it know them. */
    readonly aptOptions: readonly (readonly [name: string, value: string])[];
  };
  /** Where resolutions are kept. */
  readonly folder: string;
  /** Takes the last resolution without asking the archive. */
  readonly offline: boolean;
  /** Keeps nothing: for a look without a side effect. */
  readonly dry: boolean;
  readonly run: Run;
  readonly signal: AbortSignal;
}

/**
 * Works out the packages' versions. The archive's InRelease files, each a signed list of the
 * digests of all else, tell whether the last answer still holds: then that costs a tenth of
 * a second, else `mmdebstrap --simulate` is asked, some 5 s.
 *
 * @throws StackError `mirror-unreachable`; `no-such-package`; `not-cached` where nothing is known offline;
 *   `cache-full`, `cache-forbidden`
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
  if (known !== undefined) {
    const now = await fetchReleases(known.releases, options);
    if (JSON.stringify(now) === JSON.stringify(known.releases)) return known;
  }
  await fetchReleases(options.beside?.releases ?? [], options);
  const fresh = await simulate(options);
  if (!options.dry) {
    const text = `${JSON.stringify(fresh, undefined, 1)}\n`;
    await writeFileAtomic(path, text).catch((error: unknown) => explainDisk(error, options.folder));
  }
  return fresh;
}

/** @throws StackError `mirror-unreachable` for what is the network's fault, else the error itself */
export function explainNetwork(error: unknown): never {
  const unreachable =
    /Could not (connect|resolve)|Temporary failure resolving|Connection (failed|timed out|refused)|Unable to connect/;
  if (!isStackError(error) || !error.detail.some((line) => unreachable.test(line))) throw error;
  throw new StackError("mirror-unreachable", "Debian's archive can't be reached", {
    detail: error.detail.filter((line) => unreachable.test(line)).slice(0, 4),
    hint: "see that this machine reaches it; a proxy is set by http_proxy=http://HOST:PORT, or in apt's configuration; --offline builds from what is cached",
  });
}

/** @throws StackError `no-such-package`, exit 64, for a name that the archive has not; else the error itself */
function explainPackages(error: unknown, suite: string): never {
  if (!isStackError(error)) throw error;
  const unknown =
    /^E: (?:Unable to locate package (\S+)|Package '(\S+)' has no installation candidate|Version '\S+' for '(\S+)' was not found)/;
  const names = error.detail.flatMap((line) => unknown.exec(line)?.slice(1).find(Boolean) ?? []);
  if (names.length === 0) throw error;
  throw new StackError("no-such-package", `Debian ${suite} has no package ${[...new Set(names)].join(", ")}`, {
    hint: "see `packages` in stack.yaml; `apt-cache search WORD` finds names",
    exit: ExitCode.usage,
  });
}

/** Where the answer to a request is kept. */
export function resolutionPath({
  folder,
  suite,
  architecture,
  packages,
  beside,
}: Pick<ResolveOptions, "folder" | "suite" | "architecture" | "packages" | "beside">): string {
  const question = [suite, architecture, [...packages].sort(), ...(beside === undefined ? [] : [beside.id])];
  const request = createHash("sha256").update(JSON.stringify(question));
  return join(folder, `${request.digest("hex").slice(0, 32)}.json`);
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

async function simulate(options: ResolveOptions): Promise<Resolution> {
  const { suite, architecture, packages, run, signal } = options;
  const mode = process.getuid?.() === 0 ? "root" : "unshare";
  const args = [
    ...[`--mode=${mode}`, "--variant=minbase", "--simulate", "--verbose", `--architectures=${architecture}`],
    ...[`--include=${packages.join(",")}`, '--aptopt=Acquire::Languages "none"', ...timeouts.map(mmdebstrapOption)],
    ...(options.beside?.aptOptions ?? []).map(mmdebstrapOption),
  ];
  const result = await run("mmdebstrap", [...args, suite, "/dev/null"], { timeout: 180_000, signal, cwd: "/" })
    .catch(explainNetwork)
    .catch((error: unknown) => explainPackages(error, suite));
  const { sources, versions } = readSimulation(`${result.stdout}\n${result.stderr}`);
  return {
    schemaVersion: 1,
    releases: await fetchReleases(sources, options),
    packages: [...versions].map(([name, version]) => ({ name, version })),
  };
}

/**
 * What mmdebstrap's verbose simulation prints: apt's `Get:1 URI SUITE InRelease [151 kB]` and
 * `Inst NAME [OLD] (VERSION …)`. apt is run twice, so names come twice.
 */
export function readSimulation(text: string): {
  readonly sources: readonly { readonly uri: string; readonly suite: string }[];
  readonly versions: ReadonlyMap<string, string>;
} {
  const sources: { uri: string; suite: string }[] = [];
  const versions = new Map<string, string>();
  for (const line of text.split("\n")) {
    const get = /^Get:\d+ (\S+) (\S+) InRelease/.exec(line);
    if (get?.[1] !== undefined && get[2] !== undefined) sources.push({ uri: get[1], suite: get[2] });
    const inst = /^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) /.exec(line);
    if (inst?.[1] !== undefined && inst[2] !== undefined) versions.set(inst[1], inst[2]);
  }
  if (sources.length === 0 || versions.size === 0) {
    throw new StackError("no-simulation", "mmdebstrap's simulation names no package or no source");
  }
  const bySuite = (a: { suite: string }, b: { suite: string }): number => (a.suite < b.suite ? -1 : 1);
  return { sources: sources.sort(bySuite), versions: new Map([...versions].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** An unreachable mirror shows in seconds. */
const timeouts = [
  ["Acquire::Retries", "1"],
  ["Acquire::http::Timeout", "8"],
] as const;

function mmdebstrapOption([name, value]: readonly [string, string]): string {
  return `--aptopt=${name} "${value}"`;
}

/** Digests of the InRelease files, got by apt's own helper: it heeds apt's proxies and certificates. */
async function fetchReleases(
  sources: readonly { readonly uri: string; readonly suite: string }[],
  { run, signal }: ResolveOptions,
): Promise<Resolution["releases"]> {
  const folder = await mkdtemp(join(tmpdir(), "releases-"));
  try {
    const options = timeouts.flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    return await Promise.all(
      sources.map(async ({ uri, suite }, number) => {
        const path = join(folder, `${number}`);
        const url = `${uri.replace(/\/$/, "")}/dists/${suite}/InRelease`;
        await run("/usr/lib/apt/apt-helper", [...options, "download-file", url, path], {
          timeout: 60_000,
          signal,
        }).catch(explainNetwork);
        const sha256 = createHash("sha256")
          .update(await readFile(path))
          .digest("hex");
        return { uri, suite, sha256 };
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
