import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Format } from "../context.ts";
import type { StoredLayer } from "./stored-layer.ts";

/** Bytes of a layer as it lies compressed in the cache: in that format where it is there, else in the other. */
export async function layerSize({ folder }: StoredLayer, format: Format): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.startsWith("content-") && !isBeside(name));
  const found = names.find((name) => name.startsWith(`content-${format}-`)) ?? names[0];
  return found === undefined ? 0 : (await stat(join(folder, found))).size;
}

/** Its list of chunks, or a file still being written. */
function isBeside(name: string): boolean {
  return name.endsWith(".json") || name.endsWith(".tmp");
}
