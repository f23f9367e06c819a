import type { Check } from "../../../engine/check.ts";
import type { Job } from "../../../engine/job.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import { postgresCheck } from "./check.ts";
import { refreshView } from "./refresh-view.ts";

export function checks(model: StackWith<"postgres">): readonly Check[] {
  return [postgresCheck(model)];
}

export function jobs({ postgres }: StackWith<"postgres">): readonly Job[] {
  return [{ name: "refresh-view", schedule: postgres.viewRefresh, run: refreshView(postgres) }];
}
