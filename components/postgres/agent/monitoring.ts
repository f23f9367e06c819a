import type { CheckOpeners } from "../../../engine/declared-checks.ts";
import type { Job } from "../../../engine/job.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import type { ComponentCheck } from "../../../stack/components/index.ts";
import { postgresCheck } from "./check.ts";
import { refreshView } from "./refresh-view.ts";

export function checks(model: StackWith<"postgres">): CheckOpeners<ComponentCheck<"postgres">> {
  return { "postgres:roundtrip": postgresCheck(model) };
}

export function jobs({ postgres }: StackWith<"postgres">): readonly Job[] {
  return [{ name: "refresh-view", schedule: postgres.viewRefresh, run: refreshView(postgres) }];
}
