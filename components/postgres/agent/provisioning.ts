import type { Executors } from "../../../engine/action.ts";
import { stageByForm } from "../../../engine/stage-by-form.ts";
import { externalPostgresStage } from "./external-stage.ts";
import { initdb } from "./initdb.ts";
import { clusteredPostgresStage } from "./members/clustered-stage.ts";
import { patroniSettings } from "./members/patroni-settings.ts";
import { migrate } from "./migrate.ts";
import { sql } from "./sql.ts";
import { postgresStage } from "./stage.ts";
import { superuserPassword } from "./superuser-password.ts";

export const stages = {
  postgres: stageByForm(postgresStage, { external: externalPostgresStage, clustered: clusteredPostgresStage }),
};

export const executors = { initdb, superuserPassword, sql, migrate, patroniSettings } satisfies Partial<Executors>;
