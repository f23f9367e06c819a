import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isMirrorTrouble } from "../../lib/apt/explain-apt.ts";
import { isStackError, StackError } from "../../lib/error.ts";
import { projectFolder } from "../../lib/project-folder.ts";
import type { AptSource, PackageSources } from "../../stack/package-sources.ts";
import { resolvePackages } from "../apt/resolve-packages.ts";
import type { BuildContext } from "../context.ts";
import type { Finder, Found } from "./finder.ts";
import { fingerprintOf } from "./fingerprint.ts";

/**
 * Somebody's own packages, from the first of their mirrors that answers; undefined where they have
 * none for the release.
 *
 * @throws StackError `mirror-unreachable`, `not-cached`; `wrong-key` where the key is another one's;
 *   `untrusted-source` where what is signed is not what it says: that is never passed over
 */
export const findApt: Finder<AptSource> = async (source, sources, context, dry) => {
  const { mirrors, paths } = source;
  const { suite } = context.model.debian;
  const below = paths[suite] ?? [];
  if (below.length === 0) return undefined;
  const key = await readKey(source);
  let unreachable: StackError | undefined;
  for (const mirror of mirrors) {
    try {
      const releases = below.map((path) => ({ uri: `${mirror}/${path}/${suite}`, suite }));
      return await onMirror(source, sourcesText(releases, key), context, dry);
    } catch (error) {
      const explained = explainTrust(error, mirror, source, sources);
      // Debian's own archive is no better on the next mirror.
      if (!isMirrorTrouble(explained) || !explained.message.includes(mirror)) throw explained;
      unreachable = explained;
    }
  }
  throw new StackError("mirror-unreachable", `${source.whose} repositories can't be reached`, {
    detail: unreachable?.detail ?? [],
    hint: `see that this machine reaches them over HTTPS, or ${leaveOut(source, sources)} in stack.yaml`,
  });
};

async function readKey({ key: path, fingerprint, whose }: AptSource): Promise<string> {
  const key = await readFile(resolve(projectFolder, path), "utf8");
  const found = fingerprintOf(key);
  if (found === fingerprint) return key;
  throw new StackError("wrong-key", `${path} is not ${whose} key but ${found}`, {
    hint: `theirs has the fingerprint ${fingerprint}: restore the file from version control`,
  });
}

async function onMirror(
  { pins: preferences }: AptSource,
  text: string,
  { model, work, cache, offline, run, log, signal }: BuildContext,
  dry: boolean,
): Promise<Found> {
  const repositories = { sources: text, preferences };
  const { packages } = await resolvePackages({
    ...{ suite: model.debian.suite, architecture: model.architecture, packages: model.packages, beside: repositories },
    folder: join(cache, "resolutions"),
    ...{ work, offline, dry, run, log, signal },
  });
  return { versions: Object.fromEntries(packages.map(({ name, version }) => [name, version])), repositories };
}

/** sources.list.d's text (deb822): the key is in it, so that nothing else is trusted for it. */
function sourcesText(releases: readonly { readonly uri: string; readonly suite: string }[], key: string): string {
  const signedBy = key
    .trimEnd()
    .split("\n")
    .map((line) => ` ${line === "" ? "." : line}\n`)
    .join("");
  return releases
    .map(
      ({ uri, suite }) =>
        `Types: deb\nURIs: ${uri}\nSuites: ${suite}\nComponents: main\nArchitectures: amd64\nSigned-By:\n${signedBy}`,
    )
    .join("\n");
}

/** @returns StackError `untrusted-source` for what apt says of signatures and their time, else the error itself */
function explainTrust(error: unknown, mirror: string, source: AptSource, sources: PackageSources): unknown {
  const untrusted =
    /NO_PUBKEY|BADSIG|EXPKEYSIG|REVKEYSIG|EXPSIG|is not signed|invalid signature|not valid|expired|NODATA/i;
  const lines = isStackError(error) ? error.detail.filter((line) => line.includes(mirror) && untrusted.test(line)) : [];
  if (lines.length === 0) return error;
  return new StackError("untrusted-source", `what ${mirror} serves is not signed as it must be`, {
    detail: lines.slice(0, 4),
    hint: `see that this machine's clock is right; else somebody is between you and ${mirror}: ${leaveOut(source, sources)}`,
  });
}

function leaveOut(source: AptSource, { of, setting }: PackageSources): string {
  const name = Object.keys(of).find((one) => of[one] === source);
  return `leave ${name} out of ${setting}`;
}
