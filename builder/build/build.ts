import { ensureTools } from "../../lib/apt/host-tools.ts";
import { isStackError } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import type { Progress } from "../../lib/progress/progress.ts";
import { run as realRun } from "../../lib/run.ts";
import { pruneCache } from "../cache/prune-cache.ts";
import { dropLayer } from "../cache/stored-layer.ts";
import type { BuildContext, BuildOptions } from "../context.ts";
import { ownFiles } from "../trees/own-files.ts";
import { readTemplateTrees } from "../trees/template-trees.ts";
import { withWorkFolder } from "../work-folder.ts";
import { type FailedCommand, failureRecorder } from "./failure-recorder.ts";
import { makeLayers, stacked } from "./make-layers.ts";
import type { Target } from "./target.ts";

export type ProjectOptions = BuildOptions & { readonly project: string };

/** A build that failed, while its work folder is still there. */
export interface BuildFailure {
  readonly error: unknown;
  readonly work: string;
  /** The base unpacked: where the other layers are made; undefined where there is no base yet. */
  readonly rootfs: (() => Promise<string>) | undefined;
  /** The command that failed last, program and arguments. */
  readonly command: FailedCommand | undefined;
}

/** Has a look, and says what becomes of the work folder. */
export type AfterFailure = (failure: BuildFailure) => Promise<"keep" | "remove">;

/**
 * Builds a target's artefacts: validate → plan → base → python, node → agent → overlay → what
 * the target makes of them. Layers come from the cache where their inputs are as they were. Nothing
 * is in the out folder before all is done, and the work folder is gone afterwards, unless
 * `afterFailure` keeps it.
 *
 * @throws StackError of the step that failed, which its message begins with
 */
export function build<Artefacts, Flags>(
  target: Target<Artefacts, Flags>,
  options: ProjectOptions,
  flags: Flags,
  progress: Progress,
  signal: AbortSignal,
  afterFailure?: AfterFailure,
): Promise<Artefacts> {
  const make = async (bare: BuildContext, progress: Progress, hold: Hold): Promise<Artefacts> => {
    await ensureTools(target.tools ?? [], { run: bare.run, log: bare.log, root: bare.root, signal });
    const made = await makeLayers(bare, progress, hold);
    const artefacts = await target.render(made, progress, flags);
    const { cache, cacheLimit: limit } = made.context;
    const used = [...stacked(made.layers), ...made.repositories];
    await pruneCache(cache, { limit, keep: used.map(({ folder }) => folder) });
    return artefacts;
  };
  return withContext({ ...options, ...target.settings }, progress, signal, make, afterFailure);
}

/** To be given the way to the unpacked base as soon as there is one. */
type Hold = (rootfs: () => Promise<string>) => void;

/** Codes of errors after which another plan may do: the archive had not what was planned with. */
const archiveMoved: ReadonlySet<string> = new Set(["package-gone", "mirror-changed"]);
/** Each finds out all that is missing of one plan. */
const mostReplans = 4;

/**
 * Gives `make` what it works with and a work folder; has it made again where a kept layer was
 * damaged, or the archive had not what was planned with.
 */
export function withContext<T>(
  options: ProjectOptions,
  progress: Progress,
  signal: AbortSignal,
  make: (context: BuildContext, progress: Progress, hold: Hold) => Promise<T>,
  afterFailure: AfterFailure = async () => "remove",
): Promise<T> {
  const commands = failureRecorder(realRun);
  let rootfs: (() => Promise<string>) | undefined;
  const once = async (work: string): Promise<T> => {
    const context = { ...(await contextOf(options, progress.log, signal, work)), run: commands.run };
    return make(context, progress, (made) => {
      rootfs = made;
    });
  };
  let replans = 0;
  const use = async (work: string, mayMend = true): Promise<T> => {
    try {
      return await once(work);
    } catch (error) {
      if (!isStackError(error)) throw error;
      if (mayMend && error.code === "damaged-layer" && error.detail[0] !== undefined) {
        progress.log("warning", `${error.message}; it is built again`);
        await dropLayer(error.detail[0]);
        return use(work, false);
      }
      if (!archiveMoved.has(error.code) || ++replans > mostReplans) throw error;
      progress.log("notice", `${error.message}; planned again with what is there`);
      return use(work, mayMend);
    }
  };
  return withWorkFolder(progress.log, (work) => use(work), {
    afterFailure: (work, error) => afterFailure({ error, work, rootfs, command: commands.last() }),
  });
}

/** What a build works with, nothing of it done yet. */
export async function contextOf(
  options: ProjectOptions,
  log: Log,
  signal: AbortSignal,
  work: string,
): Promise<BuildContext> {
  const { folder } = options.definition;
  const tree = await readTemplateTrees({ project: options.project, folder });
  return {
    ...options,
    run: realRun,
    log,
    signal,
    root: process.getuid?.() === 0,
    work,
    templates: tree.templates,
    tree,
    own: await ownFiles(tree, options.model, folder),
    rootfs: () => Promise.reject(new Error("the base comes first")),
  };
}
