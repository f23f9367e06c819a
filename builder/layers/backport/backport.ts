import { copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Suite } from "../../../stack/debian.ts";
import type { StoredLayer } from "../../cache/layer.ts";
import { archiveOf } from "../../cache/raw.ts";
import { type BuildContext, sourceDateEpoch } from "../../context.ts";
import { archiveOfEntries, type Entry } from "../../pack/write.ts";
import { inputTo } from "../../pipe.ts";
import { explainNetwork } from "../../resolve.ts";
import { resource } from "../../resources.ts";
import { codeDigest } from "../code.ts";
import type { Inputs } from "../key.ts";
import type { MadeLayer } from "../made-layer.ts";

/** A release's packages rebuilt for an older one. */
interface Backport {
  /** The release whose packages they are. */
  readonly from: Suite;
  /** The source package that is rebuilt. */
  readonly source: string;
  /** What rebuilt versions end in: older than the release's own, so that an upgrade to it replaces them. */
  readonly suffix: string;
  /** Its packages of architecture all that the build needs in place of the older release's. */
  readonly tools: string;
  /** A package of architecture all that is taken as it is. */
  readonly ready: string;
}

/**
 * By the release that they are rebuilt for. Debian 13's RabbitMQ needs Erlang 26 or later, and
 * its Erlang a libc that Debian 12 has not; its source needs nothing newer but autoconf.
 */
export const backports: Readonly<Record<string, Backport>> = {
  bookworm: {
    from: "trixie",
    source: "erlang",
    suffix: "~bpo12+1",
    tools: "autoconf",
    ready: "rabbitmq-server",
  },
};

/** All that the backport is made from but the release's own compiler, which may be any. */
export interface BackportInputs extends Inputs {
  readonly code: string;
  readonly suite: string;
  readonly from: Suite;
  readonly architecture: string;
  readonly source: { readonly name: string; readonly version: string };
  readonly suffix: string;
  readonly tools: string;
  readonly ready: { readonly name: string; readonly version: string };
  /** Names of the packages wanted of the rebuilt ones. */
  readonly kept: readonly string[];
  readonly profiles: string;
  readonly epoch: number;
}

export async function backportInputs(
  suite: string,
  backport: Backport,
  of: Pick<BackportInputs, "architecture" | "kept"> & { readonly source: string; readonly ready: string },
): Promise<BackportInputs> {
  return {
    // Not this module: what it gives the scripts is in this list, and an edit of it is not worth ten minutes.
    code: await codeDigest(["setup.sh", "fetch.sh", "rebuild.sh"].map((name) => `layers/backport/${name}`)),
    ...{ suite, from: backport.from, architecture: of.architecture },
    source: { name: backport.source, version: of.source },
    ...{ suffix: backport.suffix, tools: backport.tools },
    ready: { name: backport.ready, version: of.ready },
    kept: of.kept,
    profiles: "nodoc,nocheck",
    epoch: sourceDateEpoch,
  };
}

/** Unpacks a backport's packages. @returns their folder */
export async function unpackBackport(layer: StoredLayer, work: string, signal: AbortSignal): Promise<string> {
  const top = join(work, "backport");
  await mkdir(top, { recursive: true });
  const archive = Readable.from(archiveOf(layer), { objectMode: false });
  await inputTo(archive, ["tar", "--extract", "--no-same-owner", "-C", top], signal);
  return join(top, folder);
}

const hooks = ["setup.sh", "fetch.sh"] as const;

/** One word of a shell. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}

/** Where in the layer the packages are, and apt's index of them. */
const folder = "/packages";

/**
 * Rebuilds packages in a throwaway chroot: some ten minutes. The layer is no part of a
 * template; it is a repository that the base is made from.
 */
export async function buildBackport(inputs: BackportInputs, context: BuildContext): Promise<MadeLayer> {
  const { run, signal, work, root, log } = context;
  const script = (name: string): string => resource(`layers/backport/${name}`);
  // By name: of a hook that fails mmdebstrap tells the whole text.
  await Promise.all(hooks.map((name) => copyFile(script(name), join(work, name))));
  const hook = (name: (typeof hooks)[number]): string => `sh ${quoted(join(work, name))} "$1"`;
  const args = [
    `--mode=${root ? "root" : "unshare"}`,
    ...["--variant=buildd", `--architectures=${inputs.architecture}`],
    ...['--aptopt=Acquire::Languages "none"', '--aptopt=Acquire::Retries "3"', "--dpkgopt=force-unsafe-io"],
    '--aptopt=Acquire::http::Timeout "8"',
    ...[`--setup-hook=${hook("setup.sh")}`, `--customize-hook=${hook("fetch.sh")}`],
    `--customize-hook=copy-out ${folder} ${quoted(work)}`,
    ...[inputs.suite, "/dev/null"],
  ];
  await run("mmdebstrap", args, {
    timeout: 7_200_000,
    signal,
    cwd: "/",
    env: {
      ...process.env,
      SOURCE_DATE_EPOCH: String(inputs.epoch),
      STACK_SUITE: inputs.suite,
      STACK_NEWER: inputs.from,
      STACK_NEWER_TOOLS: inputs.tools,
      STACK_SOURCE: inputs.source.name,
      STACK_SOURCE_VERSION: inputs.source.version,
      STACK_SUFFIX: inputs.suffix,
      STACK_READY: inputs.ready.name,
      STACK_READY_VERSION: inputs.ready.version,
      STACK_KEPT: inputs.kept.join(" "),
      STACK_PROFILES: inputs.profiles,
      STACK_REBUILD: await readFile(script("rebuild.sh"), "utf8"),
    },
    onLine: (line) => log("debug", line),
  }).catch(explainNetwork);
  const made = join(work, folder);
  const names = (await readdir(made)).sort();
  const entries: Entry[] = [
    { path: folder, mode: 0o755, content: { kind: "directory" } },
    ...names.map(
      (name): Entry => ({ path: `${folder}/${name}`, mode: 0o644, content: { kind: "file", from: join(made, name) } }),
    ),
  ];
  return { archive: archiveOfEntries(entries, inputs.epoch) };
}
