import { stat } from "node:fs/promises";
import { deviations } from "../../stack/deviations.ts";
import type { ManifestDocument } from "../../stack/documents/manifest.ts";
import type { Model } from "../../stack/model.ts";
import type { BuiltLayer } from "../context.ts";
import type { Package } from "../layers/base/facts.ts";
import type { PackedTemplate } from "../pack/pack.ts";

export interface ManifestSources {
  readonly model: Model;
  readonly layers: readonly BuiltLayer[];
  readonly packages: readonly Package[];
  /** Versions of what goes into the template (uv, node). */
  readonly tools: Readonly<Record<string, string>>;
}

/**
 * What a template is made of. Without `packed` it is the copy inside the template, which
 * holds nothing of the building machine, so that the same input gives the same bytes.
 */
export async function manifest(from: ManifestSources, packed?: PackedTemplate): Promise<ManifestDocument> {
  const { model, packages } = from;
  const layers = await Promise.all(
    from.layers.map(async ({ layer, key, seconds }) => ({
      name: layer.name,
      key,
      entries: layer.members.length,
      bytes: (await stat(layer.path)).size,
      ...(packed && { seconds: Math.round(seconds * 10) / 10 }),
    })),
  );
  return {
    schemaVersion: 1,
    name: model.name,
    version: packed === undefined ? model.version : `${model.version}-${packed.contentSha256.slice(0, 8)}`,
    debian: model.debian.version,
    architecture: model.architecture,
    ...(packed && { template: { file: packed.file, bytes: packed.bytes, sha256: packed.sha256 } }),
    layers,
    packages: packages.map(({ name, version }) => ({ name, version })),
    tools: { ...from.tools },
    deviations: deviations(model, new Map(packages.map(({ name, version }) => [name, version]))),
  };
}
