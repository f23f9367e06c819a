import { join } from "node:path";
import * as z from "zod/mini";
import { StackError } from "../../lib/error.ts";
import { readTextIfAny, writeFileAtomic } from "../../lib/files.ts";
import { releaseZero } from "../../stack/releases.ts";

/*
 * `releases.json`: which release of each service is wanted. It is written once a release has proven itself, and
 * is where a deployment counts as done: what `current` leads to besides is a trial that was cut off.
 */

const wantedRelease = z.object({
  release: z.string().check(z.regex(/^[\w-]+$/)),
  /** The one before it: what `rollback` goes back to. */
  previous: z.optional(z.string().check(z.regex(/^[\w-]+$/))),
  /** ISO 8601: since when. */
  since: z.string(),
});

const wantedReleases = z.object({ schemaVersion: z.literal(1), services: z.record(z.string(), wantedRelease) });

export type WantedRelease = z.output<typeof wantedRelease>;

export function wantedReleasesPath(stateDirectory: string): string {
  return join(stateDirectory, "releases.json");
}

/**
 * @param text of releases.json; undefined: nothing was ever deployed
 * @throws StackError `releases-unreadable`: what is wanted is not known then, and nothing is put in force
 */
export function parseWantedReleases(text: string | undefined): ReadonlyMap<string, WantedRelease> {
  if (text === undefined) return new Map();
  try {
    return new Map(Object.entries(wantedReleases.parse(JSON.parse(text)).services));
  } catch (cause) {
    throw new StackError(
      "releases-unreadable",
      "releases.json, which says what release of each service is wanted, is damaged",
      {
        cause,
        hint: "look at it in /var/lib/stack-agent; removed, the releases that the template brought are wanted",
      },
    );
  }
}

/** @throws StackError `releases-unreadable` */
export async function readWantedReleases(stateDirectory: string): Promise<ReadonlyMap<string, WantedRelease>> {
  return parseWantedReleases(await readTextIfAny(wantedReleasesPath(stateDirectory)));
}

/** The id of what is wanted of a service: the template's own, unless something was deployed. */
export function wantedOf(wanted: ReadonlyMap<string, WantedRelease>, service: string): string {
  return wanted.get(service)?.release ?? releaseZero;
}

/** Says what is wanted of one service from now on; outlasts a power cut. */
export async function wantRelease(stateDirectory: string, service: string, release: WantedRelease): Promise<void> {
  const wanted = new Map(await readWantedReleases(stateDirectory)).set(service, release);
  const document = { schemaVersion: 1, services: Object.fromEntries(wanted) };
  await writeFileAtomic(wantedReleasesPath(stateDirectory), `${JSON.stringify(document, null, 2)}\n`);
}
