import type { Executors } from "../../../engine/action.ts";
import { pythonStage } from "./python-stage.ts";
import { switchRelease } from "./releases/switch-release.ts";
import { servicesStage } from "./stage.ts";
import { makeVenv } from "./venv.ts";

export const stages = { python: pythonStage, services: servicesStage };

export const executors = { makeVenv, switchRelease } satisfies Partial<Executors>;
