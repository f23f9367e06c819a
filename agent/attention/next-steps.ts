import type { StatusDocument } from "../../stack/documents/status.ts";

/** Components of the machine, not of a unit, and the command that shows what takes them up. */
const machine: Readonly<Record<string, string>> = {
  disk: "df -h; du -xh --max-depth=2 /var | sort -h | tail",
  memory: "systemd-cgtop --order=memory",
  secrets: "stack-agent secrets ls",
  jobs: "stack-agent logs -n 50 agent",
  drift: "stack-agent drift",
  updates: "stack-agent doctor",
};

const most = 5;

/** The commands that help now, the most useful first; none where all is well. */
export function nextSteps(status: StatusDocument): readonly string[] {
  if (status.status === "healthy") return [];
  const failed = status.stages.filter((stage) => stage.status === "failed");
  const waiting = status.stages.filter(({ status, error }) => status === "waiting" && error?.code !== "needs-failed");
  const hints = [...failed, ...waiting].flatMap((stage) => (stage.error?.hint === undefined ? [] : [stage.error.hint]));
  const steps = [
    ...hints,
    ...(failed.length > 0 ? ["stack-agent logs provision", "stack-agent provision --plan"] : []),
    ...(status.components.length === 0 ? ["systemctl status stack-agent", "stack-agent logs agent"] : []),
    ...(status.status === "working" ? ["stack-agent status --wait"] : []),
    ...(status.status === "working" && failed.length === 0
      ? []
      : status.components
          .filter((component) => component.status !== "pass" && component.name !== "provision")
          .map(({ name }) => commandFor(name))),
  ];
  return [...new Set(steps)].slice(0, most);
}

/** The command that tells most of a component that does not pass. */
export function commandFor(component: string): string {
  return machine[component] ?? `stack-agent logs -n 50 ${component}`;
}
