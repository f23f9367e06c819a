import { join } from "node:path";
import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import { type ComponentFacts, inspectComponent, planComponent } from "../../../engine/plan/plan-files.ts";
import { joinResets, resetComponent } from "../../../engine/plan/reset-component.ts";
import { secretsFolder } from "../../../engine/secrets/read-secret.ts";
import { defineStage, type Plan, type ResetPlan } from "../../../engine/stage.ts";
import { isStackError } from "../../../lib/error.ts";
import { backupKey, repositoryConfig } from "../../../stack/components/backup/component.ts";
import { type BackupModel, s3Secrets } from "../../../stack/components/backup/model.ts";
import type { Model } from "../../../stack/model.ts";
import { type BackupRecord, parseRecord, recordPath } from "./record.ts";
import { openMark, repositoryOf, repositoryText } from "./repository.ts";

export interface BackupFacts {
  readonly component: ComponentFacts;
  /** Where the repository of this machine's key is; undefined while there is none. */
  readonly path: string | undefined;
  /** What opens the bucket that it is in was not given yet. */
  readonly closed: boolean;
  /** pgBackRest is told of that one. */
  readonly configured: boolean;
  readonly hasConfig: boolean;
  /** What PostgreSQL may archive into since this boot; undefined: nothing. */
  readonly open: string | undefined;
  readonly record: BackupRecord;
}

/** pgBackRest's configuration, and the repository. */
export const backupStage = defineStage<"backup", BackupFacts | undefined>({
  id: "backup",
  title: "Backups",
  needs: ["system", "postgres"],
  present: ({ backup }) => backup !== undefined,
  checks: () => [],
  inspect: async (reader, model) => (model.backup === undefined ? undefined : inspect(reader, model, model.backup)),
  preflight: () => [],
  plan: (facts, model) => (facts === undefined ? { actions: [], unseen: [] } : planBackup(facts, model)),
  reset: (facts, model, wish) =>
    facts === undefined
      ? { actions: [], kept: [] }
      : joinResets(resetRepository(facts, model), resetComponent(facts.component, wish)),
});

async function inspect(reader: FactReader, model: Model, backup: BackupModel): Promise<BackupFacts> {
  const { paths } = model;
  const [component, config, open, record] = await Promise.all([
    inspectComponent(reader, model, "backup"),
    reader.readText(repositoryConfig),
    reader.readText(openMark(paths.run)),
    reader.readText(recordPath(paths.state)),
  ]);
  const keys = await Promise.all([s3Secrets.key, s3Secrets.secret].map((name) => readKey(reader, paths.state, name)));
  const [accessKey, secretKey] = keys;
  const known = await reader
    .withSecret(backupKey, async (key) => {
      const given = accessKey === undefined || secretKey === undefined ? undefined : { accessKey, secretKey };
      const repository = repositoryOf(backup, key, given);
      const wanted = repositoryText(repository, backup);
      return { path: repository.path, configured: config === wanted };
    })
    .catch((error: unknown) => {
      if (isStackError(error) && error.code === "secret-missing") return { path: undefined, configured: false };
      throw error;
    });
  const closed = backup.target.kind === "s3" && keys.includes(undefined);
  return {
    component,
    ...known,
    closed,
    hasConfig: config !== undefined,
    open: open?.trim(),
    record: parseRecord(record),
  };
}

async function readKey(reader: FactReader, stateDirectory: string, name: string): Promise<string | undefined> {
  return (await reader.readText(join(secretsFolder(stateDirectory), name)))?.trim();
}

export function planBackup(facts: BackupFacts, { backup, postgres }: Pick<Model, "backup" | "postgres">): Plan {
  const why = whyOpen(facts, backup);
  return {
    actions: [
      ...planComponent(facts.component, { wait: true }),
      ...(why === undefined || backup === undefined || postgres === undefined
        ? []
        : ([{ do: "openRepository", why, args: { backup, postgres: { unit: postgres.unit } } }] as const)),
    ],
    unseen: [],
  };
}

/** Why PostgreSQL can't archive yet; undefined: it can. */
function whyOpen(
  { path, closed, configured, open, record }: BackupFacts,
  backup: BackupModel | undefined,
): string | undefined {
  // Health tells what is to be given (secrets:given); a stack without its backups serves all the same.
  if (closed) return undefined;
  const { repository, otherCluster } = record;
  if (repository === undefined) return "this machine has no repository yet";
  if (repository.path !== path || repository.place !== backup?.place) return "this machine's repository is another one";
  if (otherCluster === true) return "the database came from elsewhere";
  if (!configured) return "pgBackRest is told otherwise";
  return open === path ? undefined : "not opened since the boot";
}

/** The repository stays: it is what comes back after all. */
function resetRepository({ hasConfig, open, record }: BackupFacts, { paths }: Pick<Model, "paths">): ResetPlan {
  const gone = [...(open === undefined ? [] : [openMark(paths.run)]), ...(hasConfig ? [repositoryConfig] : [])];
  return {
    actions: gone.map((path) => ({ do: "removeFile", why: "written by the stack", args: { path } })),
    kept:
      record.repository === undefined
        ? []
        : [`${record.repository.path} stays: backups, in ${record.repository.place}`],
  };
}
