import * as z from "zod/mini";
import { exists, namesIfAny, readTextIfAny } from "../../../../lib/files.ts";
import type { ServiceModel } from "../../../../stack/model.ts";
import { releaseFolder, releaseRecord, releasesFolder, releaseZero } from "../../../../stack/releases.ts";

/** `release.json` of a release that was deployed. */
const record = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  /** ISO 8601: when it was made. */
  at: z.string(),
  /** sha256, in hex, of its files and its lock. */
  digest: z.string(),
  /** What it was made from, as it was named. */
  from: z.string(),
});

export type ReleaseRecord = z.output<typeof record>;

/** A release that is there, whole; of the template's own no more than its id is known. */
export type Release = Pick<ReleaseRecord, "id"> & Partial<ReleaseRecord>;

/** The service's releases that are there, the newest first, the template's last. */
export async function listReleases(service: Pick<ServiceModel, "folder">): Promise<readonly Release[]> {
  const names = await namesIfAny(releasesFolder(service));
  const records = await Promise.all(names.map((id) => readRecord(service, id)));
  const deployed = records
    .filter((one) => one !== undefined)
    .sort((a, b) => b.at.localeCompare(a.at) || b.id.localeCompare(a.id));
  const own = await exists(releaseFolder(service, releaseZero));
  return [...deployed, ...(own ? [{ id: releaseZero }] : [])];
}

/** A folder without a record, or with another's, is no release. */
async function readRecord(service: Pick<ServiceModel, "folder">, id: string): Promise<ReleaseRecord | undefined> {
  try {
    const found = record.parse(JSON.parse((await readTextIfAny(releaseRecord(service, id))) ?? ""));
    return found.id === id ? found : undefined;
  } catch {
    return undefined;
  }
}
