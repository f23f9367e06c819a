import type { BackupModel } from "../../../stack/components/backup/model.ts";
import type { PostgresModel } from "../../../stack/components/postgres/model.ts";

declare module "../../../engine/action.ts" {
  interface ActionArgs {
    openRepository: { backup: BackupModel; postgres: Pick<PostgresModel, "unit"> };
  }
}
