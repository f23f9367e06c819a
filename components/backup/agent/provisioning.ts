import type { Executors } from "../../../engine/action.ts";
import { openRepository } from "./open-repository.ts";
import { backupStage } from "./stage.ts";

export const stages = { backup: backupStage };

export const executors = { openRepository } satisfies Partial<Executors>;
