import { createHash } from "node:crypto";
import { join } from "node:path";
import type { BackupModel } from "../../../stack/components/backup/model.ts";
import type { S3Target } from "../../../stack/components/backup/settings.ts";

/**
 * The repository of a key: its folder's name follows from the key. So a copy, which makes a key of its own,
 * has a repository of its own; and who has the key needs to know nothing else to find it.
 */
export interface Repository {
  /** `/mnt/backup/stock-analysis-3f2a91bc07de`; in a bucket `/stock-analysis-3f2a91bc07de`. */
  readonly path: string;
  readonly key: string;
  /** Undefined: it is a folder. */
  readonly s3?: (S3Target & S3Keys) | undefined;
}

/** What opens a bucket. */
export interface S3Keys {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** @param keys of the bucket, where the target is one */
export function repositoryOf(
  { stanza, target }: Pick<BackupModel, "stanza" | "target">,
  key: string,
  keys?: S3Keys,
): Repository {
  const id = createHash("sha256").update(`stack-agent repository: ${key}`).digest("hex").slice(0, 12);
  const name = `${stanza}-${id}`;
  if (target.kind === "directory") return { path: join(target.directory, name), key };
  const { kind: _, ...s3 } = target;
  return { path: `/${name}`, key, s3: { ...s3, accessKey: "", secretKey: "", ...keys } };
}

/** What of pgBackRest's configuration only this machine knows. */
export function repositoryText({ path, key, s3 }: Repository, { encryption }: Pick<BackupModel, "encryption">): string {
  return [
    "# Which repository is this machine's own, and what opens it. Written by stack-agent.",
    "[global]",
    `repo1-path=${path}`,
    ...(encryption ? ["repo1-cipher-type=aes-256-cbc", `repo1-cipher-pass=${key}`] : []),
    ...(s3 === undefined ? ["repo1-type=posix"] : s3Lines(s3)),
    "",
  ].join("\n");
}

function s3Lines({ bucket, endpoint, region, uriStyle, ca, accessKey, secretKey }: S3Target & S3Keys): string[] {
  const [host, port] = endpoint.split(":");
  return [
    "repo1-type=s3",
    `repo1-s3-bucket=${bucket}`,
    `repo1-s3-endpoint=${host}`,
    ...(port === undefined ? [] : [`repo1-storage-port=${port}`]),
    `repo1-s3-region=${region}`,
    `repo1-s3-uri-style=${uriStyle}`,
    ...(ca === undefined ? [] : [`repo1-storage-ca-file=${ca}`]),
    `repo1-s3-key=${accessKey}`,
    `repo1-s3-key-secret=${secretKey}`,
  ];
}

/** Open for this boot: holds the repository's path. Without it nothing is archived. */
export function openMark(runFolder: string): string {
  return join(runFolder, "archive-open");
}
