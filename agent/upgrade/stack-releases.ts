import { readdir, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { StackError } from "../../lib/error.ts";
import { readLinkIfAny, readTextIfAny } from "../../lib/files.ts";
import { agentCurrentLink, agentReleaseFolder, agentReleasesFolder } from "../../stack/agent-releases.ts";
import {
  type StackReleaseDocument,
  stackReleaseDocument,
  stackReleaseName,
} from "../../stack/documents/stack-release.ts";
import { releaseZero } from "../../stack/releases.ts";

/** Releases of the stack that are kept beside the template's. */
const KEPT = 3;

/** A release that is there. */
export interface StackRelease {
  readonly id: string;
  readonly record: StackReleaseDocument;
  /** When it was laid. */
  readonly at: Date;
}

/** Id of the release in force. @throws StackError `no-release` */
export async function currentRelease(): Promise<string> {
  const target = await readLinkIfAny(agentCurrentLink);
  if (target !== undefined) return basename(target);
  throw new StackError("no-release", `${agentCurrentLink} is no link to a release`, {
    hint: "this machine was made from a template without releases of the stack: make a new container of a newer one",
  });
}

/** The record of a release that is there; undefined where it is not. */
export async function readRelease(id: string): Promise<StackReleaseDocument | undefined> {
  if (!/^[A-Za-z0-9][\w.+~-]*$/.test(id)) return undefined;
  const text = await readTextIfAny(join(agentReleaseFolder(id), stackReleaseName));
  const parsed = stackReleaseDocument.safeParse(parseJson(text));
  return parsed.success && parsed.data.id === id ? parsed.data : undefined;
}

/** The newest first, the template's last. */
export async function listStackReleases(): Promise<readonly StackRelease[]> {
  const names = await readdir(agentReleasesFolder);
  const found = await Promise.all(
    names.map(async (id) => {
      const record = await readRelease(id);
      if (record === undefined) return [];
      const { mtime } = await stat(join(agentReleaseFolder(id), stackReleaseName));
      return [{ id, record, at: mtime }];
    }),
  );
  const zeroLast = (id: string): number => (id === releaseZero ? 1 : 0);
  return found.flat().sort((a, b) => zeroLast(a.id) - zeroLast(b.id) || b.at.getTime() - a.at.getTime());
}

/** Takes away all but the last ones, the one in force and the one before. @returns what is gone */
export async function pruneStackReleases(current: string, previous: string): Promise<string[]> {
  const laid = (await listStackReleases()).map(({ id }) => id).filter((id) => id !== releaseZero);
  const needed = laid.filter((id) => id === current || id === previous);
  const gone = laid.filter((id) => !needed.includes(id)).slice(Math.max(0, KEPT - needed.length));
  for (const id of gone) await rm(agentReleaseFolder(id), { recursive: true, force: true });
  return gone;
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
