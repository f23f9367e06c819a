import type { Definition } from "../../definition/schema.ts";

/** Jobs of the agent that need root: each is `stack-job@NAME.service`, started by its own path unit. */
export const rootJobNames = ["drift", "pending", "updates", "certificates"] as const;
export type RootJobName = (typeof rootJobNames)[number];

/** Those that a stack could have. */
export function rootJobsOf({ cluster }: Pick<Definition, "cluster">): readonly RootJobName[] {
  return rootJobNames.filter((name) => name !== "certificates" || cluster !== undefined);
}

/** When a job runs: five cron fields; undefined: never. */
export function rootJobSchedule(name: RootJobName, definition: Definition): string | undefined {
  const schedule = {
    drift: definition.agent.drift,
    // Not at the same minute as the other: each is a second of a processor.
    pending: "7-59/15 * * * *",
    updates: definition.updates.schedule,
    certificates: definition.cluster === undefined ? "off" : "41 3 * * *",
  }[name];
  return schedule === "off" ? undefined : schedule;
}

/** Seconds that `updates` may take: packages are downloaded and unpacked beside a stack at work. */
export const updatesTimeout = 2 * 3600;

/** Where the agent asks for jobs, below the run folder: a file of the job's name, gone when it has ended. */
export const requestFolder = "jobs";
