import { join } from "node:path";
import { StackError } from "../../lib/error.ts";
import type { BuildContext } from "../context.ts";
import { damaged } from "./damaged.ts";
import { entryName } from "./entry-name.ts";
import { type Inputs, layerKey } from "./layer-key.ts";
import type { MadeLayer } from "./made-layer.ts";
import { storeLayer } from "./store-layer.ts";
import { openLayer, type StoredLayer } from "./stored-layer.ts";

export interface LayerRecipe {
  readonly name: string;
  readonly inputs: Inputs;
  /** Whether its making downloads something. */
  readonly online: boolean;
  readonly make: () => Promise<MadeLayer>;
}

export interface CachedLayer extends StoredLayer {
  /** Whether this build found it, rather than made it. */
  readonly cached: boolean;
}

/** Where layers lie in the cache. */
export function layersFolder(cache: string): string {
  return join(cache, "layers");
}

/** A layer of the cache, or undefined where it has to be made. */
export function findLayer(
  { name, inputs }: Pick<LayerRecipe, "name" | "inputs">,
  { cache, log }: Pick<BuildContext, "cache" | "log">,
): Promise<StoredLayer | undefined> {
  return openLayer(layersFolder(cache), name, layerKey(name, inputs), log);
}

/**
 * Finds a layer in the cache, or has it made and keeps it.
 *
 * @throws StackError `not-cached` where it would have to be made offline; `damaged-layer`
 *   where something removes it at the same time; what `storeLayer` does
 */
export async function cachedLayer(recipe: LayerRecipe, context: BuildContext): Promise<CachedLayer> {
  const found = await findLayer(recipe, context);
  if (found !== undefined) return { ...found, cached: true };
  if (context.offline && recipe.online) {
    throw new StackError("not-cached", `offline, and the layer ${recipe.name} of this stack is not in the cache`, {
      hint: "build once without --offline; `build-template cache ls` shows what is there",
    });
  }
  const started = performance.now();
  const { archive, facts } = await recipe.make();
  const { name } = recipe;
  const key = layerKey(name, recipe.inputs);
  const folder = layersFolder(context.cache);
  await storeLayer(folder, { name, key, archive, started, ...(facts && { facts }) }, context.format, context.signal);
  const stored = await openLayer(folder, name, key, context.log);
  if (stored === undefined) throw damaged(join(folder, entryName(name, key)), "it is gone");
  return { ...stored, cached: false };
}
