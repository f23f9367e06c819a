import type { Model } from "../../../stack/model.ts";
import type { StoredLayer } from "../../cache/stored-layer.ts";
import type { Format } from "../../context.ts";
import { contentHash } from "../../pack/content-hash.ts";
import { templateShape } from "./template-shape.ts";

/**
 * `debian-12-NAME_VERSION-HASH8_ARCH.tar.gz`, Proxmox's convention. HASH8 is of the content,
 * so two templates of one name hold the same.
 */
export function templateName(model: Model, contentSha256: string, format: Format): string {
  const version = `${model.version}-${contentSha256.slice(0, 8)}`;
  return `debian-${model.debian.version}-${model.name}_${version}_${model.architecture}.tar.${format}`;
}

/** The name that a template of these layers has, without packing it. @throws StackError `damaged-layer` */
export async function nameOfLayers(model: Model, layers: readonly StoredLayer[], format: Format): Promise<string> {
  return templateName(model, await contentHash(layers, templateShape), format);
}
