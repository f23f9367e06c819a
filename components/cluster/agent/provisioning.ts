import { clusterStage } from "./stage.ts";

export const stages = { cluster: clusterStage };
