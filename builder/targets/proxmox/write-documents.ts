import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../../../lib/files.ts";
import type { ManifestDocument } from "../../../stack/documents/manifest.ts";
import type { BuildPlan } from "../../build/plan-build.ts";
import type { BuildContext } from "../../context.ts";
import type { BaseFacts } from "../../layers/base/facts.ts";
import { uvLock } from "../../layers/python/uv.ts";
import type { PackedTemplate } from "../../pack/pack.ts";
import { projectVersion } from "../../project-version.ts";
import { origins } from "../../provenance/origins.ts";
import { sbom } from "../../provenance/sbom.ts";
import { deployDocument } from "./deploy-document.ts";
import { incusMetadata } from "./incus-metadata.ts";

/** Paths of what is written beside a template. */
export interface WrittenDocuments {
  readonly checksum: string;
  readonly manifest: string;
  readonly deploy: string;
  readonly sbom: string;
  /** A .tgz: Proxmox, which takes a .tar.gz for a template, passes it over. */
  readonly incus: string;
}

/** Writes all that tells of a template, beside it; not its signature. The same template has the same documents. */
export async function writeDocuments(
  { model, out, project }: Pick<BuildContext, "model" | "out" | "project">,
  plan: Pick<BuildPlan, "chosen" | "npm" | "sources" | "tools">,
  { packages }: Pick<BaseFacts, "packages">,
  template: Pick<PackedTemplate, "path" | "file" | "bytes" | "sha256">,
  document: Pick<ManifestDocument, "version" | "deviations">,
): Promise<WrittenDocuments> {
  const { version, deviations } = document;
  const stem = join(out, template.file.replace(/\.tar\.\w+$/, ""));
  const paths = {
    checksum: `${template.path}.sha256`,
    manifest: `${stem}.manifest.json`,
    deploy: `${stem}.DEPLOY.md`,
    sbom: `${stem}.sbom.cdx.json`,
    incus: `${stem}.incus.tgz`,
  };
  const materials = sbom({
    model: { ...model, version },
    ...{ template, packages, origins: origins(plan.chosen) },
    locks: Object.fromEntries(
      model.services.map(({ name, source }) => [name, plan.sources.get(source)?.lockText ?? ""]),
    ),
    builder: await projectVersion(project),
    agent: { npm: plan.npm, node: plan.tools.node ?? "", uvLock: await readFile(uvLock, "utf8") },
  });
  await writeFileAtomic(paths.checksum, `${template.sha256}  ${template.file}\n`);
  await writeFileAtomic(paths.manifest, jsonText(document));
  await writeFileAtomic(paths.deploy, await deployDocument({ model, template, deviations }));
  await writeFileAtomic(paths.sbom, jsonText(materials));
  await writeFileAtomic(paths.incus, await incusMetadata({ model, version }));
  return paths;
}

function jsonText(document: object): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
