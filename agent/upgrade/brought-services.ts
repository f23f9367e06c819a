import { rm } from "node:fs/promises";
import { join } from "node:path";
import { loadReleases } from "../../components/agent.ts";
import { readWantedReleases, wantedOf } from "../../engine/state/wanted-releases.ts";
import { exists } from "../../lib/files.ts";
import type { Run } from "../../lib/run.ts";
import type { Model } from "../../stack/model.ts";
import { releaseFolder, releaseRecord, releaseZero } from "../../stack/releases.ts";
import { loadModel } from "../model/load-model.ts";
import type { AddedService } from "../trial/trial.ts";

/*
 * Services that only the coming definition has, and whose code no release of the stack brings: who upgrades has it in
 * a folder, or it was deployed here before.
 */

/** Where the code of a service is that the definition in force has not: a folder, or an archive; undefined: nobody has it. */
export type BroughtServices = (service: string) => Promise<string | undefined>;

/** @param names of the services that there would be @returns folders or archives by name */
export async function findBrought(
  names: readonly string[],
  { model, brought }: { readonly model: Model; readonly brought?: BroughtServices | undefined },
): Promise<ReadonlyMap<string, string>> {
  const added = names.filter((name) => !model.services.some((one) => one.name === name));
  const found = await Promise.all(added.map(async (name) => [name, await brought?.(name)] as const));
  return new Map(found.flatMap(([name, path]) => (path === undefined ? [] : [[name, path] as const])));
}

/** Those that a release was deployed of: in an earlier time, or on the machine that this one was restored from. */
export async function deployedServices(names: readonly string[], { paths }: Model): Promise<string[]> {
  const wanted = await readWantedReleases(paths.state);
  const found = names.map(async (name) => {
    const release = wantedOf(wanted, name);
    const record = releaseRecord({ folder: join(paths.opt, "services", name) }, release);
    return release !== releaseZero && (await exists(record)) ? [name] : [];
  });
  return (await Promise.all(found)).flat();
}

export interface MadeRelease {
  readonly service: string;
  readonly id: string;
  /** Of a release that was there before nothing is taken away. */
  readonly isNew: boolean;
  readonly folder: string;
}

export interface MakeOptions {
  readonly run: Run;
  readonly signal: AbortSignal;
  readonly wheels?: string | undefined;
  readonly now: () => Date;
  readonly tell: (line: string) => void;
}

/**
 * Makes their releases, and puts none in force. Where one can't be made, none is left.
 *
 * @param definition the file of the one that has them
 * @throws StackError as `makeRelease`
 */
export async function makeBrought(
  brought: ReadonlyMap<string, string>,
  definition: string,
  { run, signal, wheels, now, tell }: MakeOptions,
): Promise<readonly MadeRelease[]> {
  if (brought.size === 0) return [];
  const [{ services }, { makeRelease }] = await Promise.all([loadModel(definition), loadReleases()]);
  const made: MadeRelease[] = [];
  try {
    for (const service of services) {
      const path = brought.get(service.name);
      if (path === undefined) continue;
      const say = (what: string): void => tell(`${service.name}: ${what}`);
      const { release, isNew } = await makeRelease(service, path, { run, signal, wheels, now: now(), tell: say });
      made.push({ service: service.name, id: release.id, isNew, folder: service.folder });
    }
  } catch (error) {
    await removeMade(made);
    throw error;
  }
  return made;
}

export async function removeMade(made: readonly MadeRelease[]): Promise<void> {
  for (const { isNew, id, folder } of made) {
    if (isNew) await rm(releaseFolder({ folder }, id), { recursive: true, force: true });
  }
}

/** What there is of services that only the coming definition has, once it is in force. @param made their releases */
export async function addedServices(
  model: Model,
  definition: string,
  made: readonly MadeRelease[],
): Promise<AddedService[]> {
  // The definition of a later release of the stack may be none to this one.
  const after = await loadModel(definition).catch(() => undefined);
  const added = after?.services.filter(({ name }) => !model.services.some((one) => one.name === name)) ?? [];
  return added.map(({ name, unit, socket, envFile, folder }) => {
    const units = socket === undefined ? [unit] : [socket, unit];
    const release = made.find((one) => one.isNew && one.service === name)?.id;
    const files = [...units.map((one) => join("/etc/systemd/system", one)), envFile];
    return { units, files, folder, ...(release !== undefined && { release }) };
  });
}
