/** The stages of provisioning, in the order they are shown. */
export const stageIds = ["system", "python", "postgres", "redis", "rabbitmq", "services"] as const;
export type StageId = (typeof stageIds)[number];
