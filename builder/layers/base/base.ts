import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isStackError, StackError } from "../../../lib/error.ts";
import type { Model } from "../../../stack/model.ts";
import { renderFile } from "../../../stack/render/file.ts";
import type { Templates } from "../../../stack/render/render.ts";
import { type BuildContext, sourceDateEpoch } from "../../context.ts";
import { inNamespace, namespaceCommand } from "../../namespace.ts";
import { pipeToFile } from "../../pipe.ts";
import { rootfsFolder } from "../../work-folder.ts";
import type { Inputs } from "../key.ts";
import { archiveFlags } from "./archive-flags.ts";
import { excludedPaths } from "./excluded-paths.ts";

const scripts = ["customize.sh", "sanitise.sh"] as const;
type Scripts = Readonly<Record<(typeof scripts)[number], string>>;

/** All that the base layer is made from, Debian's archive of the day aside. */
export interface BaseInputs extends Inputs {
  readonly suite: string;
  readonly architecture: string;
  readonly packages: readonly string[];
  readonly locale: string;
  readonly timezone: string;
  readonly sysusers: string;
  /** Files that must be there before the first package is unpacked. */
  readonly beforePackages: readonly { readonly path: string; readonly text: string }[];
  readonly disabled: readonly string[];
  readonly excluded: readonly string[];
  readonly scripts: Scripts;
  readonly epoch: number;
}

export async function baseInputs(model: Model, templates: Templates): Promise<BaseInputs> {
  const texts = await Promise.all(scripts.map((name) => readFile(join(import.meta.dirname, name), "utf8")));
  return {
    suite: model.debian.suite,
    architecture: model.architecture,
    packages: model.packages,
    locale: model.definition.locale,
    timezone: model.definition.timezone,
    sysusers: sysusersText(model, templates),
    beforePackages: model.files
      .filter((file) => file.beforePackages === true)
      .map((file) => ({ path: file.path, text: renderFile(file, model, { templates }) })),
    disabled: model.units.filter((unit) => unit.want !== "enabled").map((unit) => unit.unit),
    excluded: excludedPaths(model.definition),
    scripts: Object.fromEntries(scripts.map((name, index) => [name, texts[index] ?? ""])) as Scripts,
    epoch: sourceDateEpoch,
  };
}

/**
 * Makes the Debian root file system: packages, users, locale, sanitised. It stays unpacked
 * in the work folder too, as the chroot of the layers that need one.
 *
 * @returns the archive's path
 */
export async function buildBase(inputs: BaseInputs, context: BuildContext): Promise<string> {
  const { run, signal, work } = context;
  const root = join(work, rootfsFolder);
  const [command = "", ...args] = [
    ...(context.root ? ownMounts : []),
    ...mmdebstrapCommand(inputs, root, context.root),
  ];
  await run(command, args, {
    timeout: 1_800_000,
    signal,
    cwd: "/",
    env: {
      ...process.env,
      SOURCE_DATE_EPOCH: String(inputs.epoch),
      STACK_LOCALE: inputs.locale,
      STACK_TIMEZONE: inputs.timezone,
      STACK_SYSUSERS: inputs.sysusers,
      STACK_DISABLED: inputs.disabled.join(" "),
      ...Object.fromEntries(inputs.beforePackages.map(({ text }, index) => [`STACK_BEFORE_${index}`, text])),
    },
    onLine: (line) => context.log("debug", line),
  }).catch(explain);
  await inNamespace(run, ["sh", "-c", inputs.scripts["sanitise.sh"], "sanitise.sh", root], { signal });
  const archive = join(work, "base.tar");
  const archiving = [...namespaceCommand, "tar", ...archiveFlags(inputs.epoch), "--exclude=./dev/*", "-C", root, "."];
  await pipeToFile(archiving, archive, signal);
  return archive;
}

/** @throws StackError `mirror-unreachable` for what is the network's fault, else the error itself */
function explain(error: unknown): never {
  const unreachable = /Could not (connect|resolve)|Temporary failure resolving|Connection (failed|timed out|refused)/;
  if (!isStackError(error) || !error.detail.some((line) => unreachable.test(line))) throw error;
  throw new StackError("mirror-unreachable", "Debian's archive can't be reached", {
    detail: error.detail.filter((line) => unreachable.test(line)).slice(0, 4),
    hint: "see that this machine reaches it; a proxy is set by http_proxy=http://HOST:PORT, or in apt's configuration",
  });
}

/** As root too, what mmdebstrap mounts into the rootfs must be gone when it is killed: the rootfs is removed then. */
const ownMounts = ["unshare", "--mount", "--propagation", "slave"] as const;

function mmdebstrapCommand(inputs: BaseInputs, root: string, asRoot: boolean): string[] {
  return [
    "mmdebstrap",
    `--mode=${asRoot ? "root" : "unshare"}`,
    "--variant=minbase",
    "--format=directory",
    `--architectures=${inputs.architecture}`,
    `--include=${inputs.packages.join(",")}`,
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=Acquire::Retries "3"',
    // An unreachable mirror shows in seconds.
    '--aptopt=Acquire::http::Timeout "8"',
    "--dpkgopt=force-unsafe-io",
    ...inputs.excluded.map((line) => `--dpkgopt=${line}`),
    ...inputs.beforePackages.map(
      ({ path }, index) => `--setup-hook=printf %s "$STACK_BEFORE_${index}" | install -D -m 644 /dev/stdin "$1${path}"`,
    ),
    `--customize-hook=${inputs.scripts["customize.sh"]}`,
    inputs.suite,
    root,
  ];
}

function sysusersText(model: Model, templates: Templates): string {
  const entry = model.files.find((file) => file.path.startsWith("/usr/lib/sysusers.d/"));
  if (entry === undefined) throw new StackError("no-sysusers", "no file of the table makes the stack's users");
  return renderFile(entry, model, { templates });
}
