import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { debianArchives } from "../../apt/debian-archives.ts";
import { fetchPackages } from "../../apt/fetch-packages.ts";
import type { Beside } from "../../apt/open-apt.ts";
import { aptFolder } from "../../apt/resolve-packages.ts";
import type { BuildContext } from "../../context.ts";
import type { BaseInputs } from "./base-inputs.ts";

/** What setup.sh gives to mmdebstrap. */
export interface FetchedBase {
  /** Folders of apt's lists and of the packages. */
  readonly lists: string;
  readonly packages: string;
  /** A file of apt_preferences(5) that names each package's version, whatever else the lists name. */
  readonly preferences: string;
}

/** Fetches a base's packages, but for those that are made here. @throws StackError what `fetchPackages` does */
export async function fetchBase(
  inputs: BaseInputs,
  { run, log, signal, work, cache }: BuildContext,
): Promise<FetchedBase> {
  const { suite, architecture, packages: wanted, local } = inputs;
  const beside = allOf(Object.values(inputs.repositories));
  const question = { suite, architecture, packages: wanted, beside };
  const versions = Object.entries(inputs.versions);
  const { lists, packages } = await fetchPackages({
    ...{ archives: debianArchives(suite), architecture, beside, folder: aptFolder(work, question) },
    versions: Object.fromEntries(versions.filter(([name]) => !local.includes(name))),
    record: join(cache, "resolutions"),
    ...{ run, log, signal },
  });
  const preferences = join(work, "base-versions");
  const rule = ([name, version]: [string, string]): string =>
    `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`;
  await writeFile(preferences, versions.map(rule).join("\n"));
  return { lists, packages, preferences };
}

function allOf(repositories: readonly Beside[]): Beside | undefined {
  if (repositories.length === 0) return undefined;
  return {
    sources: repositories.map(({ sources }) => sources).join("\n"),
    preferences: repositories.map(({ preferences }) => preferences).join("\n"),
  };
}
