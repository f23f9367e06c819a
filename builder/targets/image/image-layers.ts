import type { Entry } from "../../archive/archive-of-entries.ts";
import type { MadeLayers } from "../../build/make-layers.ts";
import { cachedLayer } from "../../cache/cached-layer.ts";
import type { MadeLayer } from "../../cache/made-layer.ts";
import type { StoredLayer } from "../../cache/stored-layer.ts";
import type { BuildContext } from "../../context.ts";
import { codeDigest } from "../../layers/code-digest.ts";
import { closureOf, type Installed } from "./closure-of.ts";
import type { ImageSpec } from "./image-spec.ts";
import { layerOfPackages } from "./layer-of-packages.ts";
import { accountFiles } from "./path-owners.ts";
import { type BaseContents, readBase } from "./read-base.ts";
import { joined, selectMembers } from "./select-members.ts";

/** The layers of images, made out of the template's; each is kept in the cache as the template's are. */
export interface ImageLayers {
  /** The lowest first; those that images share are the same. */
  of(spec: ImageSpec): Promise<readonly StoredLayer[]>;
  /** Names of the Debian packages in an image. */
  packagesOf(spec: Pick<ImageSpec, "packages">): ReadonlySet<string>;
  /**
   * Packages of the definition's own that a service may want when it runs: not those that only compile, by
   * their section in Debian.
   */
  readonly runtimePackages: readonly string[];
}

/** What no image is without, beside Debian's essential packages. */
const systemRoots = ["ca-certificates", "tzdata"];

/** Packages by name, the stanzas left out: kept with the lowest layer, so that a base is read once. */
interface SystemFacts {
  readonly installed: readonly (readonly [string, Omit<Installed, "text">])[];
}

export async function imageLayers({ context, layers }: MadeLayers): Promise<ImageLayers> {
  const { base, python } = layers;
  const code = await codeDigest(["targets/image", "archive/header.ts", "archive/archive-of-entries.ts"]);
  let read: Promise<BaseContents> | undefined;
  const contents = (): Promise<BaseContents> => {
    read ??= readBase(base);
    return read;
  };
  // gzip: Docker takes zstd since 23.
  const gz: BuildContext = { ...context, format: "gz" };
  const layer = (name: string, inputs: object, make: () => Promise<MadeLayer>): Promise<StoredLayer> =>
    cachedLayer({ name, inputs: { code, ...inputs }, online: false, make }, gz);

  const system = await layer("image-system", { base: base.index.key }, async () => {
    const { installed, lists } = await contents();
    const own = systemPackages(installed);
    const facts: SystemFacts = { installed: [...installed].map(([name, { text: _, ...one }]) => [name, one]) };
    return {
      archive: layerOfPackages(base, { installed, lists, own, all: own, lowest: true }),
      facts: async () => facts,
    };
  });
  const installed = new Map((system.index.facts as SystemFacts).installed);
  const below = systemPackages(installed);
  const packagesOf = ({ packages }: Pick<ImageSpec, "packages">): Set<string> =>
    new Set([...below, ...closureOf(packages, installed)]);

  const packagesLayer = (roots: readonly string[]): Promise<StoredLayer> =>
    layer("image-packages", { base: base.index.key, roots }, async () => {
      const all = packagesOf({ packages: roots });
      const own = new Set([...all].filter((name) => !below.has(name)));
      return { archive: layerOfPackages(base, { ...(await contents()), own, all, lowest: false }) };
    });
  const folderLayer = (name: string, path: string): Promise<StoredLayer> => {
    if (python === undefined) throw new TypeError("images of services want the python layer");
    const isWanted = ({ name: member }: { readonly name: string }): boolean =>
      `.${path}/`.startsWith(`${member}/`) || member.startsWith(`.${path}/`);
    return layer(`image-${name}`, { python: python.index.key, path }, async () => ({
      archive: joined(selectMembers(python, isWanted), []),
    }));
  };
  const filesLayer = (name: string, files: readonly Entry[]): Promise<StoredLayer> =>
    layer(`image-files-${name}`, { base: base.index.key, files }, async () => ({
      archive: joined(
        selectMembers(base, (member) => accountFiles.has(member.name)),
        files,
      ),
    }));

  const { packages: defined } = context.model.definition;
  return {
    packagesOf,
    runtimePackages: defined.filter((name) => !/(^|\/)(lib)?devel$/.test(installed.get(name)?.section ?? "")),
    async of({ name, packages, folders, files }) {
      const made = [system, await packagesLayer([...packages].sort())];
      // What an edit changes comes last.
      for (const { layer, path } of folders.slice(0, -1)) made.push(await folderLayer(layer, path));
      made.push(await filesLayer(name, files));
      for (const { layer, path } of folders.slice(-1)) made.push(await folderLayer(layer, path));
      return made;
    },
  };
}

function systemPackages(installed: ReadonlyMap<string, Omit<Installed, "text">>): Set<string> {
  const essential = [...installed].filter(([, { essential }]) => essential).map(([name]) => name);
  return closureOf([...essential, ...systemRoots.filter((name) => installed.has(name))], installed);
}
