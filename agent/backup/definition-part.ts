import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type * as z from "zod/mini";
import type { BackupPart, BackupPartContext } from "../../engine/backup-part.ts";
import { whileStale } from "../../engine/state/stale.ts";
import { isStackError, StackError } from "../../lib/error.ts";
import { exists, writeFileAtomic } from "../../lib/files.ts";
import { ownFolderName, releaseDefinitionName, stackReleaseDocument } from "../../stack/documents/stack-release.ts";
import type { Model } from "../../stack/model.ts";
import { loadModel } from "../model/load-model.ts";
import { applyOwnFiles, ownChanges, settleOwnFiles } from "../upgrade/own-files.ts";
import { currentRelease, readRelease } from "../upgrade/stack-releases.ts";

type OwnFiles = z.output<typeof stackReleaseDocument>["own"];

/** The definition in force, and the user's own files that a template or a release has brought with it. */
export function definitionPart({ name, paths }: Model): BackupPart {
  return {
    name: "definition",
    comes: "before-provisioning",
    async save(folder) {
      await copyFile(paths.definition, join(folder, releaseDefinitionName));
      const own = await ownFilesThatAreThere();
      for (const { path, target } of own) {
        if (target !== undefined) continue;
        await mkdir(dirname(join(folder, ownFolderName, path)), { recursive: true });
        await copyFile(path, join(folder, ownFolderName, path));
      }
      await writeFile(join(folder, listName), JSON.stringify(own));
      return true;
    },
    prove: (folder) => refuseDefinition(join(folder, releaseDefinitionName), name),
    restore: (folder, context) => restore(folder, context),
  };
}

const listName = "own.json";

async function ownFilesThatAreThere(): Promise<OwnFiles> {
  const record = await currentRelease().then(readRelease, () => undefined);
  const own = record?.own ?? [];
  const there = await Promise.all(own.map(({ path, target }) => target !== undefined || exists(path)));
  return own.filter((_, index) => there[index]);
}

async function refuseDefinition(path: string, name: string): Promise<void> {
  try {
    const model = await loadModel(path);
    if (model.name === name) return;
    throw new StackError("foreign-repository", `the definition is of the stack ${model.name}, and this is ${name}`, {
      hint: "nothing was changed",
    });
  } catch (error) {
    if (!isStackError(error) || error.code !== "definition-invalid") throw error;
    throw new StackError("repository-newer", "the backup's definition is not one that this release understands", {
      detail: [error.message, ...error.detail],
      hint: "make the container of the release that the backup is of, or leave the definition as it is, by --parts",
    });
  }
}

async function restore(folder: string, { run, model: { paths } }: BackupPartContext): Promise<void> {
  const own = stackReleaseDocument.shape.own.parse(JSON.parse(await readFile(join(folder, listName), "utf8")));
  const changes = await ownChanges(folder, own, []);
  await applyOwnFiles(folder, changes);
  await settleOwnFiles(changes, run);
  const text = await readFile(join(folder, releaseDefinitionName));
  if ((await readFile(paths.definition)).equals(text)) return;
  // It has read the other one; provisioning restarts it.
  await whileStale(paths.run, ["stack-agent.service"], () => writeFileAtomic(paths.definition, text));
}
