import { deviations } from "../../stack/deviations.ts";
import type { ManifestDocument } from "../../stack/documents/manifest.ts";
import type { Model } from "../../stack/model.ts";
import type { CachedLayer } from "../cache/cached-layer.ts";
import type { Package } from "../layers/base/facts.ts";
import type { PackedTemplate } from "../pack/pack.ts";
import { type ChosenSource, sourcesByComponent } from "../sources/choose-sources.ts";

export interface ManifestSources {
  readonly model: Model;
  readonly layers: readonly CachedLayer[];
  readonly packages: readonly Package[];
  readonly chosen: readonly ChosenSource[];
  /** Versions of what goes into the template (uv, node). */
  readonly tools: Readonly<Record<string, string>>;
}

/**
 * What a template is made of. Without `packed` it is the copy inside the template, which
 * holds nothing of the building machine, so that the same input gives the same bytes.
 */
export async function manifest(from: ManifestSources, packed?: PackedTemplate): Promise<ManifestDocument> {
  const { model, packages, chosen } = from;
  const versions = new Map(packages.map(({ name, version }) => [name, version]));
  const names = new Map(chosen.map(({ component, name }) => [component, name]));
  const layers = from.layers.map(({ index: { name, key, entries, bytes, seconds }, cached }) => ({
    ...{ name, key, entries, bytes },
    ...(packed && { seconds, cached }),
  }));
  return {
    schemaVersion: 1,
    name: model.name,
    version: packed === undefined ? model.version : `${model.version}-${packed.contentSha256.slice(0, 8)}`,
    debian: model.debian.version,
    architecture: model.architecture,
    ...(packed && { template: { file: packed.file, bytes: packed.bytes, sha256: packed.sha256 } }),
    layers,
    packages: packages.map(({ name, version }) => ({ name, version })),
    sources: Object.fromEntries(
      model.packageSources.map((of) => [
        of.component,
        { source: names.get(of.component) ?? "", version: versions.get(of.package) ?? "" },
      ]),
    ),
    tools: { ...from.tools },
    deviations: deviations(model, versions, sourcesByComponent(chosen)),
  };
}
