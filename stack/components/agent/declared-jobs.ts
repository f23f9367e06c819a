import type { Definition } from "../../definition/schema.ts";
import type { DeclaredJob, ServiceModel } from "../../model.ts";

/** MiB that a job may take. */
export const jobMemory = 512;

/** Where a job's unit says how it ended, below the run folder: a file of the job's name, root's. */
export const endedFolder = "ended";

/** The jobs of a definition, each with its unit. */
export function declaredJobs({ jobs }: Definition, services: readonly ServiceModel[]): DeclaredJob[] {
  return Object.entries(jobs).map(([name, { schedule, command, user, timeout }]) => {
    const service = services.find((one) => one.user === user);
    return {
      ...{ name, schedule, user, timeout },
      unit: `stack-job@${name}.service`,
      command: commandLine(command),
      ...(service && { service }),
    };
  });
}

/** Words as `ExecStart=` takes them (systemd.service(5), COMMAND LINES): quoted, no specifier, no variable. */
function commandLine([program = "", ...words]: readonly string[]): string {
  const quoted = words.map((word) => {
    const plain = word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%").replaceAll("$", "$$$$");
    return `"${plain}"`;
  });
  return [program, ...quoted].join(" ");
}
