import { StackError } from "../../../lib/error.ts";
import { keyFingerprint } from "../../../lib/key-pair.ts";
import { agentCurrentLink, agentReleaseZero, inAgentRelease, trustedKeyPath } from "../../../stack/agent-releases.ts";
import { releaseDefinitionName, stackReleaseName } from "../../../stack/documents/stack-release.ts";
import type { FileEntry, Model, UnitSpec } from "../../../stack/model.ts";
import { starterFolderName } from "../../../stack/new-service/new-service-files.ts";
import { currentTarget, releaseZero } from "../../../stack/releases.ts";
import type { Templates } from "../../../stack/render/render.ts";
import { renderFile } from "../../../stack/render/render-file.ts";
import { requirementsLock } from "../../../stack/venv.ts";
import { archiveOfEntries, type Entry } from "../../archive/archive-of-entries.ts";
import type { Inputs } from "../../cache/layer-key.ts";
import type { MadeLayer } from "../../cache/made-layer.ts";
import { sourceDateEpoch } from "../../context.ts";
import { starterFiles } from "../../starter-files.ts";
import type { OwnEntry } from "../../trees/own-entry.ts";
import { unitFolder } from "../../trees/own-place.ts";
import type { TemplateTrees } from "../../trees/template-trees.ts";
import { type BaseFacts, idsInBase } from "../base/facts.ts";
import { codeDigest } from "../code-digest.ts";
import type { ServiceSource } from "../python/find-sources.ts";
import { documentSchemas } from "./document-schemas.ts";
import { releaseRecord } from "./release-record.ts";

/** The overlay is small: its inputs are its files themselves. */
export interface OverlayInputs extends Inputs {
  readonly code: string;
  readonly entries: readonly Entry[];
  readonly epoch: number;
}

export interface OverlaySources {
  readonly model: Model;
  readonly tree: TemplateTrees;
  /** What the user's own trees add: `ownFiles`. */
  readonly own: readonly OwnEntry[];
  readonly base: BaseFacts;
  /** stack.yaml as the user gave it. */
  readonly definition: string;
  readonly sources: ReadonlyMap<string, ServiceSource>;
  /** The template's own manifest, as JSON text. */
  readonly manifest: string;
  /** Of this workstation, PEM: what it signs, the container takes. */
  readonly releaseKey?: string | undefined;
}

/** Works out every file that makes Debian with a Python environment this stack. */
export async function overlayInputs(from: OverlaySources): Promise<OverlayInputs> {
  const { model, tree, own, base } = from;
  const table = model.files.filter((file) => file.when === "build");
  const entries = [
    ...table.map((file) => tableEntry(file, model, tree.templates, base)),
    ...model.units.flatMap((unit) => unitLinks(unit, from)),
    ...shared(from),
    ...starter(await starterFiles(), model.paths.share),
    ...templateFiles(tree, model.paths.share),
    ...own,
  ].map((entry) => ({ ...entry, path: inAgentRelease(entry.path) }));
  refuseDuplicates(entries);
  return {
    code: await codeDigest(["archive/archive-of-entries.ts", "archive/header.ts"]),
    entries,
    epoch: sourceDateEpoch,
  };
}

export async function buildOverlay(inputs: OverlayInputs): Promise<MadeLayer> {
  return { archive: archiveOfEntries(inputs.entries, inputs.epoch) };
}

function tableEntry(file: FileEntry, model: Model, templates: Templates, base: BaseFacts): Entry {
  const common = { path: file.path, mode: file.mode, ...idsInBase(base, file.owner) };
  if (file.kind === "directory") return { ...common, content: { kind: "directory" } };
  if (file.kind === "symlink") return { ...common, content: { kind: "symlink", target: file.target ?? "" } };
  return { ...common, content: { kind: "text", text: renderFile(file, model, { templates }) } };
}

/** The links that `systemctl enable` and `systemctl mask` would make. */
function unitLinks(spec: UnitSpec, from: OverlaySources): Entry[] {
  const link = (path: string, target: string): Entry => ({ path, mode: 0o777, content: { kind: "symlink", target } });
  if (spec.want === "masked") return [link(`${unitFolder}/${spec.unit}`, "/dev/null")];
  if (spec.want !== "enabled" || spec.wantedBy === undefined) return [];
  return [link(`${unitFolder}/${spec.wantedBy}.wants/${spec.unit}`, unitFile(spec.unit, from))];
}

function unitFile(unit: string, { model, base, own: added }: OverlaySources): string {
  const template = unit.replace(/@.+(\.\w+)$/, "@$1");
  const own = `${unitFolder}/${unit}`;
  if ([...model.files, ...added].some((file) => file.path === own)) return own;
  const packaged = [unit, template].find((name) => base.units.includes(name));
  if (packaged === undefined) {
    throw new StackError("no-such-unit", `${unit} is to be enabled, but no package and no file of the table brings it`);
  }
  return `/lib/systemd/system/${packaged}`;
}

function shared(from: OverlaySources): Entry[] {
  const { model, definition, sources, manifest, releaseKey } = from;
  const text = (path: string, content: string): Entry => ({
    path,
    mode: 0o644,
    content: { kind: "text", text: content },
  });
  const link = (path: string, target: string): Entry => ({ path, mode: 0o777, content: { kind: "symlink", target } });
  return [
    text(model.paths.definition, definition),
    text(`${model.paths.share}/manifest.json`, manifest),
    ...[...documentSchemas()].map(([name, schema]) => text(`${model.paths.share}/schemas/${name}`, schema)),
    ...model.services.flatMap((service) => {
      const lock = sources.get(service.source)?.lockText;
      return lock === undefined ? [] : [text(requirementsLock(service), lock)];
    }),
    text(
      `${agentReleaseZero}/${stackReleaseName}`,
      `${JSON.stringify(releaseRecord({ ...from, templates: from.tree.templates }), undefined, 2)}\n`,
    ),
    text(`${agentReleaseZero}/${releaseDefinitionName}`, definition),
    ...(releaseKey === undefined ? [] : [text(trustedKeyPath(keyFingerprint(releaseKey)), releaseKey)]),
    link(agentCurrentLink, currentTarget(releaseZero)),
    link(model.paths.share, `${agentCurrentLink}/share`),
  ];
}

/** What `stack-agent service new` makes a service from. */
function starter(files: ReadonlyMap<string, string>, share: string): Entry[] {
  return [...files].map(([path, text]) => ({
    path: `${share}/${starterFolderName}/${path}`,
    mode: 0o644,
    content: { kind: "text", text },
  }));
}

/** The trees of templates, which the agent renders from: the user's over ours. */
function templateFiles({ templates, ours, own }: TemplateTrees, share: string): Entry[] {
  const added = own.filter(({ kind, path }) => kind === "file" && path.endsWith(".ejs")).map(({ path }) => path);
  return [...new Set([...ours, ...added])].map((path) => ({
    path: `${share}/templates/${path}`,
    mode: 0o644,
    content: { kind: "text", text: templates(path) },
  }));
}

function refuseDuplicates(entries: readonly Entry[]): void {
  const seen = new Set<string>();
  for (const { path } of entries) {
    if (seen.has(path))
      throw new StackError("duplicate-file", `${path} is made twice: in the file table and by a unit`);
    seen.add(path);
  }
}
