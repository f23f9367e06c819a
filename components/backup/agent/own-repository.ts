import { readGivenSecret } from "../../../engine/secrets/given-secrets.ts";
import { readSecret } from "../../../engine/secrets/read-secret.ts";
import { StackError } from "../../../lib/error.ts";
import { backupKey } from "../../../stack/components/backup/component.ts";
import { type BackupModel, s3Secrets } from "../../../stack/components/backup/model.ts";
import { type Repository, repositoryOf, type S3Keys } from "./repository.ts";

/** This machine's own repository. @throws StackError `secret-missing` */
export async function ownRepository(
  { backup }: { readonly backup: BackupModel },
  stateDirectory: string,
): Promise<Repository> {
  const key = await readSecret(stateDirectory, backupKey);
  if (key === undefined) {
    throw new StackError("secret-missing", "this machine has no key to a repository yet", {
      hint: "stack-agent status --wait; or give another machine's: --key FILE",
    });
  }
  return repositoryOf(backup, key, await bucketKeys(backup, stateDirectory));
}

/** What opens the target, where that is a bucket. @throws StackError `secret-missing` */
export async function bucketKeys({ target }: BackupModel, stateDirectory: string): Promise<S3Keys | undefined> {
  if (target.kind !== "s3") return undefined;
  const read = async (name: string): Promise<string> => {
    const value = await readGivenSecret(stateDirectory, name);
    if (value !== undefined) return value.toString("utf8").trim();
    throw new StackError("secret-missing", `the secret ${name}, which opens the bucket, is not set`, {
      hint: `stack-agent secrets set ${name}; then: stack-agent provision`,
    });
  };
  return { accessKey: await read(s3Secrets.key), secretKey: await read(s3Secrets.secret) };
}
