import { rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { exists, namesIfAny, readLinkIfAny } from "../../lib/files.ts";
import { agentCurrentLink, agentReleaseFolder, agentReleasesFolder } from "../../stack/agent-releases.ts";
import { readHistory } from "./release-history.ts";

/** A file in a release that was laid and has not proven itself yet. */
const unprovenName = "unproven";

/** @param folder of a release that is laid */
export async function markUnproven(folder: string): Promise<void> {
  await writeFile(join(folder, unprovenName), "", { mode: 0o644 });
}

/** It is in force, and stays. */
export async function markProven(id: string): Promise<void> {
  await rm(join(agentReleaseFolder(id), unprovenName), { force: true });
}

/** Releases that an upgrade laid which was killed: neither in force nor the one before. */
export async function leftUnproven(stateDirectory: string, releases = agentReleasesFolder): Promise<string[]> {
  const history = await readHistory(stateDirectory);
  const kept = new Set([history?.release, history?.previous, basename((await readLinkIfAny(agentCurrentLink)) ?? "")]);
  const names = (await namesIfAny(releases)).filter((id) => !kept.has(id));
  const found = await Promise.all(
    names.map(async (id) => ((await exists(join(releases, id, unprovenName))) ? [id] : [])),
  );
  return found.flat();
}

/** Takes them away. Only while nobody else is at work. */
export async function pruneUnproven(stateDirectory: string, releases = agentReleasesFolder): Promise<void> {
  for (const id of await leftUnproven(stateDirectory, releases)) {
    await rm(join(releases, id), { recursive: true, force: true });
  }
}
