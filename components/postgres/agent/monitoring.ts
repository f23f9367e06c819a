import type { Check } from "../../../engine/check.ts";
import type { Job } from "../../../engine/job.ts";
import type { Model } from "../../../stack/model.ts";
import { postgresCheck } from "./check.ts";
import { refreshView } from "./refresh-view.ts";

export function checks(model: Model): readonly Check[] {
  return [postgresCheck(model)];
}

export function jobs({ postgres }: Model): readonly Job[] {
  if (postgres === undefined) return [];
  return [{ name: "refresh-view", schedule: postgres.viewRefresh, run: refreshView(postgres) }];
}
