import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BackupPart, BackupPartContext } from "../../../engine/backup-part.ts";
import { readGivenSecret, writeGivenSecret } from "../../../engine/secrets/given-secrets.ts";
import { whileStale } from "../../../engine/state/stale.ts";
import {
  parseWantedReleases,
  readWantedReleases,
  wantedReleasesPath,
  wantRelease,
} from "../../../engine/state/wanted-releases.ts";
import { copyTree, linkTree } from "../../../lib/copy-tree.ts";
import { ensureFolder, exists, namesIfAny, readTextIfAny, syncFolder, unfinishedName } from "../../../lib/files.ts";
import type { Model } from "../../../stack/model.ts";
import { releaseFolder, releasesFolder, releaseZero } from "../../../stack/releases.ts";

/** The services' releases that are wanted and that no template brings, and the secrets that were given. */
export function backupParts(model: Model): readonly BackupPart[] {
  return [
    {
      name: "releases",
      comes: "before-provisioning",
      save: (folder, context) => saveReleases(model, folder, context),
      prove: async (folder) => {
        await releasesIn(folder);
      },
      restore: restoreReleases,
    },
    {
      name: "secrets",
      comes: "before-provisioning",
      save: (folder) => saveSecrets(model, folder),
      prove: async () => {},
      restore: restoreSecrets,
    },
  ];
}

async function saveReleases(
  { paths, services }: Model,
  folder: string,
  { run, signal }: BackupPartContext,
): Promise<boolean> {
  const wanted = await readWantedReleases(paths.state);
  const deployed = services.flatMap((service) => {
    const release = wanted.get(service.name)?.release ?? releaseZero;
    return release === releaseZero ? [] : [{ service, release }];
  });
  if (deployed.length === 0) return false;
  await linkTree(wantedReleasesPath(paths.state), join(folder, wantedName), { run, signal });
  for (const { service, release } of deployed) {
    await ensureFolder(join(folder, service.name));
    // A release is never changed once it is there.
    await linkTree(releaseFolder(service, release), join(folder, service.name, release), { run, signal });
  }
  return true;
}

/** What provisioning then puts in force. A service that this stack has not is left out, and told. */
async function restoreReleases(folder: string, { model, run, log, signal }: BackupPartContext): Promise<void> {
  for (const [name, wanted] of await releasesIn(folder)) {
    const from = join(folder, name, wanted.release);
    if (!(await exists(from))) continue;
    const service = model.services.find((one) => one.name === name);
    if (service === undefined) {
      log("warning", `${name}, a release of which is in the backup, is no service of this stack: it is left out`);
      continue;
    }
    const to = releaseFolder(service, wanted.release);
    if (!(await exists(to))) {
      await mkdir(releasesFolder(service), { recursive: true });
      const draft = join(releasesFolder(service), unfinishedName());
      try {
        await copyTree(from, draft, { run, signal });
        await run("sync", ["--file-system", draft], { signal, timeout: 300_000 });
        await rename(draft, to);
        await syncFolder(releasesFolder(service));
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    }
    await wantRelease(model.paths.state, name, { release: wanted.release, since: wanted.since });
  }
}

const wantedName = "releases.json";

/** @throws StackError `releases-unreadable` */
async function releasesIn(folder: string) {
  return parseWantedReleases(await readTextIfAny(join(folder, wantedName)));
}

async function saveSecrets({ givenSecrets, paths }: Model, folder: string): Promise<boolean> {
  const values = await Promise.all(givenSecrets.map(({ name }) => readGivenSecret(paths.state, name)));
  for (const [index, { name }] of givenSecrets.entries()) {
    const value = values[index];
    if (value !== undefined) await writeFile(join(folder, name), value, { mode: 0o600 });
  }
  return values.some((value) => value !== undefined);
}

/** Services that run with another value are restarted by provisioning. */
async function restoreSecrets(folder: string, { model, log }: BackupPartContext): Promise<void> {
  const { run, state } = model.paths;
  for (const name of await namesIfAny(folder)) {
    const secret = model.givenSecrets.find((one) => one.name === name);
    if (secret === undefined) {
      log("warning", `${name}, which is in the backup, is no secret of this stack's definition: it is left out`);
      continue;
    }
    const value = await readFile(join(folder, name));
    if ((await readGivenSecret(state, secret.name))?.equals(value)) continue;
    const units = secret.services.map(({ unit }) => unit);
    await whileStale(run, units, () => writeGivenSecret(state, secret, value));
    log("notice", `the secret ${name} is set, from the backup`);
  }
}
