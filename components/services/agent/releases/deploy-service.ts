import { rm } from "node:fs/promises";
import { disksOf, explainFullDisk } from "../../../../engine/run/explain-full-disk.ts";
import { takeLock } from "../../../../engine/run/take-lock.ts";
import { markStale, monotonicMicroseconds } from "../../../../engine/state/stale.ts";
import { readWantedReleases, wantedOf, wantRelease } from "../../../../engine/state/wanted-releases.ts";
import { ExitCode, StackError } from "../../../../lib/error.ts";
import { linkAtomic, readLinkIfAny, removeUnfinished } from "../../../../lib/files.ts";
import type { Log } from "../../../../lib/log.ts";
import type { Run } from "../../../../lib/run.ts";
import type { ReleaseChangeDocument } from "../../../../stack/documents/releases.ts";
import type { Model, ServiceModel } from "../../../../stack/model.ts";
import { currentLink, currentTarget, releaseFolder, releasesFolder, releaseZero } from "../../../../stack/releases.ts";
import { listReleases } from "./list-releases.ts";
import { makeRelease } from "./make-release.ts";
import { restartAndWatch } from "./restart-and-watch.ts";

export interface ChangeOptions {
  readonly model: Model;
  readonly service: string;
  readonly run: Run;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Milliseconds that the release may take to be healthy. */
  readonly patience: number;
  readonly now: () => Date;
}

export interface DeployOptions extends ChangeOptions {
  /** A folder with the service's modules and its lock, or an archive of one. */
  readonly path: string;
  /** A folder with wheels, in the place of the package index. */
  readonly wheels?: string | undefined;
}

export interface RollbackOptions extends ChangeOptions {
  /** Default: the one before. */
  readonly release?: string | undefined;
}

/** Releases of a service that are kept beside the template's. */
const KEPT = 3;

/**
 * Makes a release of the service and puts it in force. One that is not healthy in time is taken back: the one
 * before runs on, and of the new one nothing is left.
 *
 * @throws StackError `unknown-service`, `already-running`, `release-not-healthy`, `disk-full`, as `makeRelease`
 */
export async function deployService(options: DeployOptions): Promise<ReleaseChangeDocument> {
  return changing(options, async (service, before) => {
    const { run, signal, log, wheels, path } = options;
    const tell = (what: string): void => log("info", what);
    const { release, isNew } = await makeRelease(service, path, { run, signal, wheels, tell, now: options.now() });
    try {
      await putInForce(service, release.id, before, options);
    } catch (error) {
      if (isNew) await rm(releaseFolder(service, release.id), { recursive: true, force: true });
      throw error;
    }
    return release.id;
  });
}

/**
 * Puts a release in force that is there: the one before, or the one that is named.
 *
 * @throws StackError `unknown-service`, `already-running`, `no-such-release`, `release-not-healthy`
 */
export async function rollbackService(options: RollbackOptions): Promise<ReleaseChangeDocument> {
  return changing(options, async (service, before, previous) => {
    const there = await listReleases(service);
    const release = options.release ?? previous;
    if (release === undefined || !there.some(({ id }) => id === release)) {
      throw new StackError(
        "no-such-release",
        release === undefined
          ? `${service.name} has had no release before ${before}`
          : `${service.name} has no release ${release}`,
        { hint: `there are ${there.map(({ id }) => id).join(", ")}`, exit: ExitCode.usage },
      );
    }
    await putInForce(service, release, before, options);
    return release;
  });
}

/** Alone at work, as provisioning is. @param change @returns the release that is in force after it */
async function changing(
  options: ChangeOptions,
  change: (service: ServiceModel, before: string, previous: string | undefined) => Promise<string>,
): Promise<ReleaseChangeDocument> {
  const { model, run, now } = options;
  const { paths } = model;
  const service = serviceOf(model, options.service);
  const began = now().getTime();
  const lock = await takeLock(paths.run, run);
  try {
    await removeUnfinished(service.folder);
    await removeUnfinished(releasesFolder(service));
    const wanted = await readWantedReleases(paths.state);
    const before = wantedOf(wanted, service.name);
    const previous = wanted.get(service.name)?.previous;
    const release = await change(service, before, previous);
    const removed = await prune(service, release, release === before ? previous : before);
    return {
      schemaVersion: 1,
      ...{ service: service.name, release, changed: release !== before, removed },
      ...(release !== before && { previous: before }),
      seconds: (now().getTime() - began) / 1000,
    };
  } catch (error) {
    const hint = `make room, and deploy it again; what runs is what ran before: stack-agent service releases ${service.name}`;
    throw await explainFullDisk(error, () => disksOf(model), hint);
  } finally {
    await lock.close();
  }
}

/** @throws StackError `unknown-service`, exit 64 */
export function serviceOf({ services }: Model, name: string): ServiceModel {
  const found = services.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new StackError("unknown-service", `this stack has no service ${name}`, {
    hint: `there are ${services.map((one) => one.name).join(", ")}; a new one: stack-agent service deploy ${name} FOLDER --port PORT`,
    exit: ExitCode.usage,
  });
}

/**
 * Nothing is to do where it is in force. Once it is healthy it is the wanted one.
 *
 * @throws StackError `release-not-healthy`, the release before in force again; `aborted`, the same
 */
async function putInForce(
  service: ServiceModel,
  release: string,
  before: string,
  options: ChangeOptions,
): Promise<void> {
  const { log, signal, patience, model, now } = options;
  if (release === before && (await readLinkIfAny(currentLink(service))) === currentTarget(before)) return;
  log("info", `${service.name}: ${release} in the place of ${before}`);
  let fault: string;
  let journal: readonly string[] = [];
  try {
    const watched = await switchTo(service, release, signal, options);
    if (watched.fault === undefined) {
      if (release === before) return;
      const wanted = { release, previous: before, since: now().toISOString() };
      return await wantRelease(model.paths.state, service.name, wanted);
    }
    ({ fault, journal } = { ...watched, fault: watched.fault });
  } catch (error) {
    await switchBack(service, before, options);
    throw error;
  }
  const back = await switchBack(service, before, options);
  throw new StackError(
    "release-not-healthy",
    `${service.name} is not healthy with release ${release}: ${fault}; ${before} is in force again${back === undefined ? "" : `, and not healthy either: ${back}`}`,
    {
      detail: journal,
      hint:
        back === undefined
          ? `correct it, and deploy it again; --timeout gives it more than ${patience / 1000} s`
          : `stack-agent health ${service.name}; stack-agent logs ${service.name}`,
    },
  );
}

async function switchBack(service: ServiceModel, before: string, options: ChangeOptions): Promise<string | undefined> {
  options.log("warning", `${service.name}: back to ${before}`);
  // To the end, also where it was told to stop.
  const watched = await switchTo(service, before, new AbortController().signal, options);
  return watched.fault;
}

async function switchTo(service: ServiceModel, release: string, signal: AbortSignal, options: ChangeOptions) {
  const { run, patience, model } = options;
  // A cut between link and restart is noticed: whoever comes next restarts it.
  await markStale(model.paths.run, service.unit, monotonicMicroseconds());
  await linkAtomic(currentLink(service), currentTarget(release));
  return restartAndWatch(service, { run, signal, patience });
}

/** Takes away all but the last ones, what is in force, and the one before. @returns what is gone */
async function prune(service: ServiceModel, release: string, previous: string | undefined): Promise<string[]> {
  const deployed = (await listReleases(service)).filter(({ id }) => id !== releaseZero).map(({ id }) => id);
  const needed = deployed.filter((id) => id === release || id === previous);
  const others = deployed.filter((id) => !needed.includes(id));
  const gone = others.slice(Math.max(0, KEPT - needed.length));
  for (const id of gone) await rm(releaseFolder(service, id), { recursive: true, force: true });
  return gone;
}
