import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Model } from "../../../stack/model.ts";
import type { StoredLayer } from "../../cache/stored-layer.ts";
import { sourceDateEpoch } from "../../context.ts";
import { type BlobStore, blobPath, type Descriptor, type LayerBlob, mediaType } from "./blob-store.ts";
import type { ContainerConfig } from "./image-spec.ts";

/** An image whose layers are made. */
export interface ReadyImage {
  readonly name: string;
  /** `localhost/shop/web:1.0.0`. */
  readonly reference: string;
  readonly title: string;
  readonly config: ContainerConfig;
  /** The lowest first. */
  readonly layers: readonly StoredLayer[];
  /** Its bill of materials, a CycloneDX document, once its manifest's digest (hex) is known. */
  readonly sbom?: (manifest: string) => object;
}

export interface WrittenImage {
  readonly name: string;
  readonly reference: string;
  /** Of its manifest. */
  readonly digest: string;
  /** Its layers by their names in the cache, the lowest first. */
  readonly layers: readonly { readonly name: string; readonly digest: string; readonly bytes: number }[];
}

interface Written {
  readonly image: WrittenImage;
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly LayerBlob[];
  readonly sbom?: Descriptor;
}

/**
 * Writes images as an OCI image layout (https://github.com/opencontainers/image-spec/blob/main/image-layout.md)
 * with, beside it, the list that `docker load` reads: it knows no layout before Docker 25.
 */
export async function writeImages(
  folder: string,
  images: readonly ReadyImage[],
  model: Pick<Model, "name" | "version" | "architecture">,
  blobs: BlobStore,
): Promise<WrittenImage[]> {
  const written: Written[] = [];
  for (const image of images) written.push(await writeImage(image, model, blobs));
  const platform = { architecture: model.architecture, os: "linux" };
  const index = {
    schemaVersion: 2,
    mediaType: mediaType.index,
    manifests: [
      ...written.map(({ manifest, image: { reference } }) => ({
        ...manifest,
        platform,
        annotations: { [`${annotation}.ref.name`]: reference },
      })),
      ...written.flatMap(({ sbom }) => (sbom === undefined ? [] : [sbom])),
    ],
  };
  const docker = written.map(({ image: { reference }, config, layers }) => ({
    Config: blobPath(config.digest),
    RepoTags: [reference],
    Layers: layers.map(({ digest }) => blobPath(digest)),
  }));
  await writeFile(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(join(folder, "index.json"), JSON.stringify(index));
  await writeFile(join(folder, "manifest.json"), JSON.stringify(docker));
  return written.map(({ image }) => image);
}

const annotation = "org.opencontainers.image";
const created = new Date(sourceDateEpoch * 1000).toISOString().replace(".000", "");

async function writeImage(
  { name, reference, title, config, layers, sbom }: ReadyImage,
  { name: stack, version, architecture }: Pick<Model, "name" | "version" | "architecture">,
  blobs: BlobStore,
): Promise<Written> {
  const made: LayerBlob[] = [];
  for (const layer of layers) made.push(await blobs.layer(layer));
  const annotations = {
    [`${annotation}.title`]: `${stack}/${name}`,
    [`${annotation}.description`]: title,
    [`${annotation}.version`]: version,
    [`${annotation}.created`]: created,
  };
  const configuration = await blobs.json(mediaType.config, {
    created,
    architecture,
    os: "linux",
    config: { ...config, Labels: annotations },
    rootfs: { type: "layers", diff_ids: made.map(({ diffId }) => diffId) },
    history: layers.map(({ index }) => ({ created, created_by: `build-template: ${index.name}` })),
  });
  const manifest = await blobs.json(mediaType.manifest, {
    schemaVersion: 2,
    mediaType: mediaType.manifest,
    config: configuration,
    layers: made.map(({ diffId: _, ...descriptor }) => descriptor),
    annotations,
  });
  const image: WrittenImage = {
    name,
    reference,
    digest: manifest.digest,
    layers: made.map(({ digest, size }, index) => ({
      ...{ name: layers[index]?.index.name ?? "", digest, bytes: size },
    })),
  };
  const common = { image, manifest, config: configuration, layers: made };
  if (sbom === undefined) return common;
  return { ...common, sbom: await writeSbom(sbom(manifest.digest.slice(7)), manifest, blobs) };
}

/** The bill of materials as an artifact that refers to its image: registries list it as one of its referrers. */
async function writeSbom(document: object, subject: Descriptor, blobs: BlobStore): Promise<Descriptor> {
  const config = await blobs.json(mediaType.empty, {});
  const content = await blobs.json(mediaType.sbom, document);
  const manifest = await blobs.json(mediaType.manifest, {
    schemaVersion: 2,
    mediaType: mediaType.manifest,
    artifactType: mediaType.sbom,
    config,
    layers: [content],
    subject,
    annotations: { [`${annotation}.created`]: created },
  });
  return { ...manifest, artifactType: mediaType.sbom };
}
