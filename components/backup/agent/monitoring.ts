import type { CheckOpeners } from "../../../engine/declared-checks.ts";
import type { BackupCheck } from "../../../stack/components/backup/checks.ts";
import type { Model } from "../../../stack/model.ts";
import { archiveCheck } from "./archive-check.ts";
import { newestCheck } from "./newest-check.ts";

export function checks({ backup, postgres, paths }: Model): CheckOpeners<BackupCheck> {
  // Only a stack that has both declares these.
  if (backup === undefined || postgres === undefined) return {} as CheckOpeners<BackupCheck>;
  return {
    "backup:archive": archiveCheck(backup, postgres.dataDirectory),
    "backup:newest": newestCheck(backup, paths.state),
  };
}
