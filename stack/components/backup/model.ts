import type { GivenSecret } from "../../model.ts";
import type { BackupSettings, S3Target } from "./settings.ts";

export interface BackupModel extends Omit<BackupSettings, "target"> {
  readonly target: BackupTarget;
  /** pgBackRest's name for the cluster: the stack's. A repository of another stack's has another. */
  readonly stanza: string;
  /** The target, as people name it. */
  readonly place: string;
}

export type BackupTarget =
  | { readonly kind: "directory"; readonly directory: string }
  | ({ readonly kind: "s3" } & S3Target);

/** What opens a bucket: given by whoever has made it. */
export const s3Secrets = { key: "backup_s3_key", secret: "backup_s3_secret" } as const;

export function backupModel(settings: BackupSettings, { name }: { readonly name: string }): BackupModel {
  const target = targetOf(settings);
  const place = target.kind === "directory" ? target.directory : `s3://${target.endpoint}/${target.bucket}`;
  return { ...settings, target, stanza: name, place };
}

function targetOf({ target: { directory, s3 } }: BackupSettings): BackupTarget {
  if (s3 !== undefined) return { kind: "s3", ...s3 };
  return { kind: "directory", directory: directory ?? "" };
}

/** Secrets that a target asks for. */
export function backupSecrets(backup: BackupModel | undefined): GivenSecret[] {
  if (backup?.target.kind !== "s3") return [];
  const of = (name: string, description: string): GivenSecret => ({ name, description, services: [], restart: true });
  return [
    of(s3Secrets.key, `The access key to ${backup.place}`),
    of(s3Secrets.secret, `The secret access key to ${backup.place}`),
  ];
}
