import { metricsStage } from "./stage.ts";

export const stages = { metrics: metricsStage };
