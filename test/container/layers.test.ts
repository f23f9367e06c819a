/** The template against the layers it was packed from: an extraction of either gives the same tree. */
import { createWriteStream } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import t from "tap";
import { cacheHome } from "../../builder/cache/cache-home.ts";
import { layersFolder } from "../../builder/cache/cached-layer.ts";
import { archiveOf } from "../../builder/cache/raw.ts";
import { openLayer, type StoredLayer } from "../../builder/cache/stored-layer.ts";
import { stderrLog } from "../../lib/log.ts";
import { extractTemplate } from "../../lib/lxc/extract-template.ts";
import { idMap, usernsArguments } from "../../lib/lxc/id-map.ts";
import { run } from "../../lib/run.ts";
import { manifestDocument } from "../../stack/documents/manifest.ts";
import { differences, treeListing } from "../tree-listing.ts";
import { canRunContainers, needs } from "./needs.ts";
import { templateToTest } from "./template.ts";

t.setTimeout(15 * 60_000);

/** Root of a container sees owners and capabilities as they are in it. */
const inside = ["lxc-usernsexec", ...usernsArguments] as const;

const template = await templateToTest();
const layers = template === undefined ? [] : await layersOf(template);
const reason =
  template === undefined
    ? "there is no template: bin/build-template"
    : layers.includes(undefined)
      ? "the template's layers are not in the cache: build it on this machine"
      : "";
if (needs(t, reason) && template !== undefined && (await canRunContainers(t))) {
  t.test("extracted as pct create does, the template is its layers extracted over each other", async (t) => {
    const folder = await mkdtemp("/var/tmp/stack-layers-");
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    await chmod(folder, 0o755);
    const whole = join(folder, "template");
    await extractTemplate({ template, rootfs: whole, run, log: stderrLog });
    const laid = await laidOver(
      layers.filter((layer) => layer !== undefined),
      folder,
    );
    const [packed, expected] = [await treeListing(whole, inside), await treeListing(laid, inside)];
    t.ok(expected.length > 10_000, `${expected.length} files`);
    t.strictSame(differences(expected, packed), [], "types, modes, owners, contents, links, attributes, times");
    const listed = expected.join("\n");
    t.match(listed, /"mode": "0o4755"/, "setuid programs are among them");
    t.match(listed, /"links": [2-9]/, "and hard links");
  });
}

/** The layers as its manifest names them, undefined for one that the cache has not. */
async function layersOf(path: string): Promise<(StoredLayer | undefined)[]> {
  const text = await readFile(`${path.replace(/\.tar\.\w+$/, "")}.manifest.json`, "utf8");
  const folder = layersFolder(cacheHome(process.env));
  const { layers: named } = manifestDocument.parse(JSON.parse(text));
  return Promise.all(named.map(({ name, key }) => openLayer(folder, name, key, stderrLog)));
}

/** By plain GNU tar, the lowest first. */
async function laidOver(all: readonly StoredLayer[], folder: string): Promise<string> {
  const root = join(folder, "layers");
  await mkdir(root);
  await chown(root, idMap.base, idMap.base);
  await chmod(root, 0o755);
  const flags = ["--numeric-owner", "-p", "--acls", "--xattrs", "--xattrs-include=*"];
  for (const layer of all) {
    const archive = join(folder, "layer.tar");
    await pipeline(Readable.from(archiveOf(layer), { objectMode: false }), createWriteStream(archive));
    const [command = "", ...args] = [...inside, "tar", "-x", ...flags, "-C", root];
    await run(command, args, { inputFile: archive, timeout: 300_000 });
    await rm(archive);
  }
  return root;
}
