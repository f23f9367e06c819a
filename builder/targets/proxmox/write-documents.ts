import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../../../lib/files.ts";
import type { ManifestDocument } from "../../../stack/documents/manifest.ts";
import type { BuildContext } from "../../context.ts";
import type { BaseFacts } from "../../layers/base/facts.ts";
import { uvLock } from "../../layers/python/uv.ts";
import type { PackedTemplate } from "../../pack/pack.ts";
import type { BuildPlan } from "../../plan.ts";
import { origins } from "../../provenance/origins.ts";
import { type Provenance, writeProvenance } from "../../provenance/write-provenance.ts";
import { deployDocument } from "./deploy-document.ts";

/** Paths of what is written beside a template. */
export interface WrittenDocuments extends Provenance {
  readonly checksum: string;
  readonly manifest: string;
  readonly deploy: string;
}

/** Writes all that tells of a template, beside it; not its signature. */
export async function writeDocuments(
  context: BuildContext,
  plan: BuildPlan,
  { packages }: BaseFacts,
  packed: PackedTemplate,
  document: ManifestDocument,
): Promise<WrittenDocuments> {
  const { model, out, project, run, signal } = context;
  const stem = join(out, packed.file.replace(/\.tar\.\w+$/, ""));
  const paths = {
    checksum: `${packed.path}.sha256`,
    manifest: `${stem}.manifest.json`,
    deploy: `${stem}.DEPLOY.md`,
  };
  await writeFileAtomic(paths.checksum, `${packed.sha256}  ${packed.file}\n`);
  await writeFileAtomic(paths.manifest, `${JSON.stringify(document, undefined, 2)}\n`);
  const deploy = await deployDocument({ model, template: packed, deviations: document.deviations });
  await writeFileAtomic(paths.deploy, deploy);
  const provenance = await writeProvenance({
    ...{ model, packages, npm: plan.npm, run, signal, version: document.version, template: packed },
    origins: origins(plan.broker),
    locks: Object.fromEntries(
      model.services.map(({ name, source }) => [name, plan.sources.get(source)?.lockText ?? ""]),
    ),
    builder: await projectVersion(project),
    node: plan.tools.node ?? "",
    uvLock: await readFile(uvLock, "utf8"),
  });
  return { ...paths, ...provenance };
}

async function projectVersion(project: string): Promise<string> {
  const text = await readFile(join(project, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
