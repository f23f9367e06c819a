import { join } from "node:path";
import { ExitCode, StackError } from "../../lib/error.ts";
import { exists } from "../../lib/files.ts";
import type { Log } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";
import type { StackReleasesDocument } from "../../stack/documents/stack-release.ts";
import { machinePaths } from "../../stack/machine-paths.ts";
import { releaseZero } from "../../stack/releases.ts";
import { requireRoot } from "../cli/require-root.ts";
import { loadModel } from "../model/load-model.ts";
import { readHistory } from "../trial/release-history.ts";
import { currentRelease, listStackReleases } from "./stack-releases.ts";
import { upgrade } from "./upgrade.ts";
import { releasesText, upgradeText } from "./upgrade-text.ts";

export interface UpgradeFlags {
  readonly plan?: boolean;
  readonly diff?: boolean;
  readonly json?: boolean;
  readonly definition?: string;
  readonly services?: string;
  readonly wayBack?: boolean;
  readonly wheels?: string;
  readonly trust?: string;
  readonly timeout: number;
}

interface Effects {
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
  readonly writeAside: (text: string) => void;
  readonly userId: number | undefined;
}

/**
 * `stack-agent upgrade [RELEASE]`.
 *
 * @returns 0 in force, planned, or nothing to do
 * @throws StackError `not-root`, `usage` (64), as `upgrade`
 */
export async function upgradeCommand(
  target: string | undefined,
  { plan, diff, json, wayBack, services, ...flags }: UpgradeFlags,
  { log, signal, write, writeAside, userId }: Effects,
): Promise<number> {
  requireRoot("upgrade", userId);
  if (target === undefined && flags.definition === undefined) {
    throw new StackError("usage", "name a release, a definition, or both", {
      hint: "stack-agent upgrade FILE --plan; stack-agent upgrade --definition stack.yaml --plan",
      exit: ExitCode.usage,
    });
  }
  const document = await upgrade({
    ...flags,
    ...{ target, run, log, signal, model: await loadModel(), now: () => new Date() },
    ...{ plan: plan === true || diff === true, diff: diff === true, noWayBack: wayBack === false },
    brought: (name) => codeIn(services, name),
    tell: (line) => writeAside(`${line}\n`),
  });
  write(json ? `${JSON.stringify(document)}\n` : upgradeText(document));
  return ExitCode.healthy;
}

/** A service's folder, or an archive of one, in the folder of `--services`. */
async function codeIn(folder: string | undefined, name: string): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  const path = join(folder, name);
  for (const each of [path, ...[".tar.gz", ".tar.zst", ".tar"].map((suffix) => path + suffix)]) {
    if (await exists(each)) return each;
  }
  return undefined;
}

/** `stack-agent release ls`. @returns 0 */
export async function listStackReleasesCommand({
  json,
  write,
}: {
  readonly json?: boolean;
  readonly write: (text: string) => void;
}): Promise<number> {
  const current = await currentRelease();
  const history = await readHistory(machinePaths.state);
  const previous = history?.release === current ? history.previous : undefined;
  const state = (id: string) => (id === current ? "current" : id === previous ? "previous" : "kept");
  const document: StackReleasesDocument = {
    schemaVersion: 1,
    releases: (await listStackReleases()).map(({ id, record: { version }, at }) => ({
      ...{ id, state: state(id), version },
      ...(id !== releaseZero && { at: at.toISOString() }),
    })),
  };
  write(json ? `${JSON.stringify(document)}\n` : releasesText(document));
  return ExitCode.healthy;
}
