import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { projectFolder } from "../../lib/project-folder.ts";
import { suites } from "../../stack/debian.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import { resolve } from "../../stack/resolve.ts";
import { cacheHome } from "../cache/cache-home.ts";
import { layersFolder } from "../cache/cached-layer.ts";
import { readLayer } from "../cache/stored-layer.ts";
import { stackAccounts } from "../known/accounts.ts";
import { namesOfBase, pathOf } from "../known/names-of-base.ts";
import type { BaseFacts } from "../layers/base/facts.ts";
import { resource } from "../resource.ts";

/**
 * Writes what is known of each release's base from a base of the default stack in the cache:
 * `node builder/build/record-known.ts`, after `build-template` and `build-template --set debian=trixie`.
 */
const file = join(projectFolder, "stack/stock-analysis.yaml");
const definition = parseDefinition(await readFile(file, "utf8"), file);
const folder = layersFolder(cacheHome(process.env));
const release = { bookworm: /^12\./, trixie: /^13\./ };

for (const name of await readdir(folder)) {
  const [kind = "", key = ""] = name.split("-");
  const layer = kind === "base" ? await readLayer(folder, kind, key) : undefined;
  if (layer === undefined) continue;
  const { packages, users, groups } = layer.index.facts as BaseFacts;
  const version = packages.find((one) => one.name === "base-files")?.version ?? "";
  const suite = suites.find((one) => release[one].test(version));
  const wanted = suite && resolve({ ...definition, debian: suite });
  if (suite === undefined || !wanted?.packages.every((one) => packages.some(({ name }) => name === one))) continue;
  const ours = new Set(stackAccounts(wanted).groups);
  const debians = (ids: Readonly<Record<string, number>>) => Object.keys(ids).filter((one) => !ours.has(one));
  const names = [...namesOfBase(layer.members, { users: debians(users), groups: debians(groups) })];
  const words = (pattern: RegExp, from: readonly string[] = names) =>
    from
      .flatMap((one) => pattern.exec(one)?.[1] ?? [])
      .sort()
      .join(" ");
  const paths = layer.members.filter(({ type }) => type !== "5").map(pathOf);
  const document = {
    base: `base-files ${version}`,
    units: words(/^unit (.*)$/),
    users: words(/^user (.*)$/),
    groups: words(/^group (.*)$/),
    paths: words(/^(\/(?:etc|opt)\/[^/ ]+)$/),
    zones: words(/^\/usr\/share\/zoneinfo\/((?!posix|right)[A-Z][^.]*)$/, paths),
    languages: words(/^\/usr\/share\/i18n\/locales\/([a-z]{2,3}_[A-Z]{2})$/, paths),
  };
  await writeFile(resource(`known/${suite}.json`), `${JSON.stringify(document, undefined, 2)}\n`);
}
