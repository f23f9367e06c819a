import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { StackError } from "../../../lib/error.ts";
import { identities } from "../../../stack/components/identities.ts";
import type { Model } from "../../../stack/model.ts";
import type { Templates } from "../../../stack/render/render.ts";
import { renderFile } from "../../../stack/render/render-file.ts";
import { debianArchives } from "../../apt/debian-archives.ts";
import type { Resolution } from "../../apt/resolve-packages.ts";
import { layerKey } from "../../cache/layer-key.ts";
import type { MadeLayer } from "../../cache/made-layer.ts";
import { type BuildContext, sourceDateEpoch } from "../../context.ts";
import { explainSpace } from "../../explain-space.ts";
import { inNamespace, namespaceCommand } from "../../namespace.ts";
import { outputOf } from "../../output-of.ts";
import { resource } from "../../resource.ts";
import { rootfsFolder } from "../../work-folder.ts";
import { codeDigest } from "../code-digest.ts";
import { archiveFlags } from "./archive-flags.ts";
import { type BaseInputs, type Scripts, scripts } from "./base-inputs.ts";
import { excludedPaths } from "./excluded-paths.ts";
import { type BaseFacts, readBaseFacts } from "./facts.ts";
import { fetchBase } from "./fetch-base.ts";
import type { OtherPackages } from "./other-packages.ts";
import { packagedAccountLines } from "./packaged-accounts.ts";
import { refuseOtherIds } from "./refuse-other-ids.ts";

/** @param accounts the user's own lines of sysusers.d(5), "" for none */
export async function baseInputs(
  model: Model,
  templates: Templates,
  resolved: Resolution,
  accounts: string,
  tools: BaseInputs["tools"],
  others: readonly OtherPackages[],
): Promise<BaseInputs> {
  const texts = await Promise.all(scripts.map((name) => readFile(resource(`layers/base/${name}`), "utf8")));
  return {
    code: await codeDigest(["layers/base", "apt/debian-archives.ts", "namespace.ts"]),
    sources: resolved.releases.map(({ uri, suite }) => ({ uri, suite })),
    versions: {
      ...Object.fromEntries(resolved.packages.map(({ name, version }) => [name, version])),
      ...Object.assign({}, ...others.map(({ versions }) => versions)),
    },
    local: others.flatMap(({ made, versions }) => (made === undefined ? [] : Object.keys(versions))),
    repositories: Object.fromEntries(
      others.flatMap(({ component, repositories }) => (repositories === undefined ? [] : [[component, repositories]])),
    ),
    made: others.flatMap(({ made }) => (made === undefined ? [] : [layerKey(made.name, made.inputs)])),
    tools,
    suite: model.debian.suite,
    architecture: model.architecture,
    packages: model.packages,
    locale: model.definition.locale,
    timezone: model.definition.timezone,
    sysusers: sysusersText(model, templates) + accounts,
    accounts: packagedAccountLines(model.packagedAccounts),
    beforePackages: model.files
      .filter((file) => file.beforePackages === true)
      .map((file) => ({ path: file.path, text: renderFile(file, model, { templates }) })),
    disabled: model.units.filter((unit) => unit.want !== "enabled").map((unit) => unit.unit),
    identities,
    excluded: excludedPaths(model.definition),
    scripts: Object.fromEntries(scripts.map((name, index) => [name, texts[index] ?? ""])) as Scripts,
    epoch: sourceDateEpoch,
  };
}

/**
 * Makes the Debian root file system: packages, users, locale, sanitised. It stays unpacked
 * in the work folder too, as the chroot of the layers that need one. Its facts: `BaseFacts`.
 *
 * All packages are fetched before the first is unpacked, and mmdebstrap asks no archive itself.
 *
 * @param repositories folders of packages that are there beside Debian's
 * @throws StackError what `fetchPackages` does; `other-packages` where others came than the inputs name; `account-id-taken`
 */
export async function buildBase(
  inputs: BaseInputs,
  context: BuildContext,
  repositories: readonly string[],
): Promise<MadeLayer> {
  const { run, signal, work } = context;
  const root = join(work, rootfsFolder);
  const { lists, packages, preferences } = await fetchBase(inputs, context);
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
      STACK_PASSWD: inputs.accounts.passwd,
      STACK_GROUP: inputs.accounts.group,
      STACK_LISTS: lists,
      STACK_PACKAGES: packages,
      STACK_PREFERENCES: preferences,
      STACK_REPOSITORIES: repositories.map(encodeURI).join(" "),
      ...Object.fromEntries(repositoryFiles(inputs).map(({ variable, text }) => [variable, text])),
      STACK_DISABLED: inputs.disabled.join(" "),
      ...Object.fromEntries(inputs.beforePackages.map(({ text }, index) => [`STACK_BEFORE_${index}`, text])),
    },
    onLine: (line) => context.log("debug", line),
  }).catch(explainSpace);
  await inNamespace(run, ["sh", "-c", inputs.scripts["sanitise.sh"], "sanitise.sh", root, ...inputs.identities], {
    signal,
  });
  const facts = await readBaseFacts(root, run);
  refuseOtherVersions(facts.packages, inputs.versions);
  refuseOtherIds(facts, inputs.accounts, inputs.sysusers);
  const archiving = [...namespaceCommand, "tar", ...archiveFlags(inputs.epoch), "--exclude=./dev/*", "-C", root, "."];
  return { archive: outputOf(archiving, signal), facts: async () => facts };
}

/** The key names versions: what has them not must not be kept under it. */
function refuseOtherVersions(installed: BaseFacts["packages"], versions: BaseInputs["versions"]): void {
  const other = installed.filter(({ name, version }) => versions[name] !== version);
  if (other.length === 0) return;
  throw new StackError("other-packages", "mmdebstrap took other packages than apt foresaw", {
    detail: other.slice(0, 10).map(({ name, version }) => `${name} ${version}, not ${versions[name] ?? "foreseen"}`),
  });
}

/** As root too, what mmdebstrap mounts into the rootfs must be gone when it is killed: the rootfs is removed then. */
const ownMounts = ["unshare", "--mount", "--propagation", "slave"] as const;

/** Files that name others' repositories, each text in a variable of its own. */
function repositoryFiles({ repositories }: BaseInputs) {
  return Object.entries(repositories).flatMap(([component, { sources, preferences }], index) => [
    {
      variable: `STACK_SOURCES_${index}`,
      text: sources,
      path: `/etc/apt/sources.list.d/stack-${component}.sources`,
    },
    { variable: `STACK_PINS_${index}`, text: preferences, path: `/etc/apt/preferences.d/stack-${component}` },
  ]);
}

function mmdebstrapCommand(inputs: BaseInputs, root: string, asRoot: boolean): string[] {
  return [
    "mmdebstrap",
    `--mode=${asRoot ? "root" : "unshare"}`,
    "--variant=minbase",
    "--format=directory",
    `--architectures=${inputs.architecture}`,
    `--include=${inputs.packages.join(",")}`,
    "--skip=update",
    `--setup-hook=${inputs.scripts["setup.sh"]}`,
    "--dpkgopt=force-unsafe-io",
    ...inputs.excluded.map((line) => `--dpkgopt=${line}`),
    ...inputs.beforePackages.map(({ path }, index) => putFile(`STACK_BEFORE_${index}`, path)),
    ...repositoryFiles(inputs).map(({ variable, path }) => putFile(variable, path)),
    `--essential-hook=${inputs.scripts["accounts.sh"]}`,
    `--customize-hook=${inputs.scripts["customize.sh"]}`,
    inputs.suite,
    root,
    ...debianArchives(inputs.suite).map(({ uri, suite }) => `deb ${uri} ${suite} main`),
  ];
}

/** A file of a variable's text. */
function putFile(variable: string, path: string): string {
  return `--setup-hook=printf %s "$${variable}" | install -D -m 644 /dev/stdin "$1${path}"`;
}

function sysusersText(model: Model, templates: Templates): string {
  const entry = model.files.find((file) => file.path.startsWith("/usr/lib/sysusers.d/"));
  if (entry === undefined) throw new StackError("no-sysusers", "no file of the table makes the stack's users");
  return renderFile(entry, model, { templates });
}
