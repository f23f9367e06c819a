import { writeFileAtomic } from "../../lib/files.ts";
import type { Run } from "../../lib/run.ts";
import type { Model } from "../../stack/model.ts";
import type { PackedTemplate } from "../pack/pack.ts";
import { incusMetadata } from "../targets/proxmox/incus.ts";
import { type SbomSources, sbom } from "./sbom.ts";
import { sign } from "./sign.ts";

export interface ProvenanceSources extends Omit<SbomSources, "model" | "template"> {
  readonly model: Model;
  /** The template's own version, e.g. `1.0.0-3f2a91bc`. */
  readonly version: string;
  readonly template: Pick<PackedTemplate, "path" | "file" | "sha256">;
  /** See `sign`; undefined: not signed. */
  readonly key?: string;
  readonly run: Run;
  readonly signal: AbortSignal;
}

/** Paths of what was written. */
export interface Provenance {
  readonly sbom: string;
  readonly incus: string;
  readonly signature?: string;
}

/**
 * Writes what tells of a template, beside it: NAME.sbom.cdx.json, NAME.incus.tgz and, where
 * a key is given, TEMPLATE.sig. The image's metadata is a .tgz since Proxmox, which takes a
 * .tar.gz for a template, does not take that.
 *
 * @throws StackError of signing
 */
export async function writeProvenance(from: ProvenanceSources): Promise<Provenance> {
  const { model, version, template, key, run, signal } = from;
  const stem = template.path.replace(/\.tar\.\w+$/, "");
  const paths = { sbom: `${stem}.sbom.cdx.json`, incus: `${stem}.incus.tgz` };
  const document = sbom({ ...from, model: { ...model, version } });
  await writeFileAtomic(paths.sbom, `${JSON.stringify(document, undefined, 2)}\n`);
  await writeFileAtomic(paths.incus, await incusMetadata({ model, version }));
  if (key === undefined) return paths;
  return { ...paths, signature: await sign({ file: template.path, key, run, signal }) };
}
