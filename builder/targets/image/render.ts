import { chmod, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../../../lib/files.ts";
import type { Progress } from "../../../lib/progress/progress.ts";
import { type MadeLayers, stacked } from "../../build/make-layers.ts";
import { sha256 } from "../../cache/codec.ts";
import type { BuildContext } from "../../context.ts";
import { projectVersion } from "../../project-version.ts";
import { origins } from "../../provenance/origins.ts";
import { sbom } from "../../provenance/sbom.ts";
import { resource } from "../../resource.ts";
import { sha256Of, sizeOf } from "../../verify/measure.ts";
import { archiveLayout } from "./archive-layout.ts";
import { blobStore } from "./blob-store.ts";
import { imageLayers } from "./image-layers.ts";
import type { ImageSpec } from "./image-spec.ts";
import { serverImages } from "./server-images.ts";
import { serviceImage } from "./service-image.ts";
import { systemConfig } from "./system-config.ts";
import { type ReadyImage, type WrittenImage, writeImages } from "./write-images.ts";

export interface ImageFlags {
  readonly databases?: boolean;
  readonly whole?: boolean;
  readonly layout?: boolean;
  /** What images' names begin with. */
  readonly repository?: string;
}

/** Paths, and what tells of the images. */
export interface ImageArtefacts {
  /** The archive, or with --layout the folder. */
  readonly images: string;
  readonly checksum?: string;
  readonly bytes: number;
  /** Hex, of the archive; of a folder's index.json. */
  readonly sha256: string;
  readonly list: readonly WrittenImage[];
}

/**
 * Makes images of the services, out of the template's layers. Same input, same bytes.
 *
 * @throws StackError `damaged-layer`, `no-such-package`
 */
export async function renderImages(made: MadeLayers, { step }: Progress, flags: ImageFlags): Promise<ImageArtefacts> {
  const images = await step("images", "choosing what of the template is in them", () => readyImages(made, flags));
  return step("layout", `${images.length} images`, () => write(made.context, images, flags));
}

async function readyImages(made: MadeLayers, flags: ImageFlags): Promise<ReadyImage[]> {
  const { model } = made.context;
  const reference = (name: string): string =>
    `${flags.repository ?? `localhost/${model.name}`}/${name}:${model.version}`;
  if (flags.whole) {
    const layers = stacked(made.layers);
    const title = `the whole of ${model.name}, a system container`;
    return [{ name: "stack", reference: reference("stack"), title, config: systemConfig(model), layers }];
  }
  const layers = await imageLayers(made);
  const specs = [
    ...(await serviceSpecs(made, layers.runtimePackages)),
    ...(flags.databases ? serverImages(model, await programs()) : []),
  ];
  const builder = await projectVersion(made.context.project);
  const images: ReadyImage[] = [];
  for (const spec of specs) {
    const { name, title, config } = spec;
    const packages = layers.packagesOf(spec);
    const materials = (manifest: string): object =>
      sbomOf(spec, { file: reference(name), sha256: manifest }, packages, builder, made);
    images.push({
      ...{ name, title, config, reference: reference(name) },
      layers: await layers.of(spec),
      sbom: materials,
    });
  }
  return images;
}

async function serviceSpecs({ context }: MadeLayers, packages: readonly string[]): Promise<ImageSpec[]> {
  const { model } = context;
  const healthText = await readFile(resource("targets/image/healthcheck.sh"), "utf8");
  const own = context.own.filter(({ path }) => !/^\/(etc\/systemd|usr\/lib\/systemd|lib\/systemd)\//.test(path));
  return model.services.map((service) => serviceImage(service, { model, packages, own, healthText }));
}

async function programs() {
  const text = (name: string): Promise<string> => readFile(resource(`targets/image/${name}`), "utf8");
  return {
    "postgres-entrypoint.sh": await text("postgres-entrypoint.sh"),
    "amqp-healthcheck.sh": await text("amqp-healthcheck.sh"),
  };
}

function sbomOf(
  spec: ImageSpec,
  template: { readonly file: string; readonly sha256: string },
  packages: ReadonlySet<string>,
  builder: string,
  { context: { model }, plan, facts }: MadeLayers,
): object {
  const service = model.services.find(({ name }) => name === spec.name && spec.folders.length > 0);
  const lock = service === undefined ? undefined : plan.sources.get(service.source)?.lockText;
  return sbom({
    model: { ...model, name: `${model.name}/${spec.name}` },
    ...{ template, builder },
    packages: facts.packages.filter(({ name }) => packages.has(name)),
    origins: origins(plan.chosen),
    locks: lock === undefined ? {} : { [spec.name]: lock },
  });
}

async function write(
  { model, out, signal }: BuildContext,
  images: readonly ReadyImage[],
  { layout }: ImageFlags,
): Promise<ImageArtefacts> {
  await mkdir(out, { recursive: true });
  const folder = await mkdtemp(join(out, ".images-"));
  try {
    const list = await writeImages(folder, images, model, await blobStore(folder, signal));
    const content = sha256(await readFile(join(folder, "index.json"), "utf8"));
    const name = `${model.name}_${model.version}-${content.slice(0, 8)}_${model.architecture}.oci`;
    if (layout) {
      await chmod(folder, 0o755);
      await rm(join(out, name), { recursive: true, force: true });
      await rename(folder, join(out, name));
      const blobs = new Map(list.flatMap(({ layers }) => layers).map(({ digest, bytes }) => [digest, bytes]));
      const bytes = [...blobs.values()].reduce((sum, one) => sum + one, 0);
      return { images: join(out, name), bytes, sha256: content, list };
    }
    const archive = join(folder, "archive.tar");
    await archiveLayout(folder, archive, signal);
    const path = join(out, `${name}.tar`);
    const digest = await sha256Of(archive, signal);
    const bytes = await sizeOf(archive);
    await writeFileAtomic(`${path}.sha256`, `${digest}  ${name}.tar\n`);
    await rename(archive, path);
    return { images: path, checksum: `${path}.sha256`, bytes, sha256: digest, list };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
