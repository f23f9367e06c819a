/** A process that packs one layer, for a test of what becomes of it: prints the error it ends with, or `{}`. */
import { openLayer } from "../../../builder/cache/stored-layer.ts";
import { pack } from "../../../builder/pack/pack.ts";
import { errorDocument } from "../../../lib/error.ts";

const { name, key, folder, out } = JSON.parse(process.argv[2] ?? "") as Record<
  "name" | "key" | "folder" | "out",
  string
>;
try {
  const layer = await openLayer(folder, name, key, () => {});
  const { signal } = new AbortController();
  await pack({
    layers: layer === undefined ? [] : [layer],
    out,
    format: "gz",
    name: () => "t",
    mtime: 0,
    front: [],
    signal,
  });
  process.stdout.write("{}\n");
} catch (error) {
  process.stdout.write(`${JSON.stringify(errorDocument(error))}\n`);
}
