import type { StatusDocument } from "../../stack/documents/status.ts";

/** Where a component's own words are; `journalctl -u` takes patterns. */
const units: Readonly<Record<string, string>> = {
  postgres: "'postgresql@*'",
  redis: "'redis-server@*'",
  rabbitmq: "rabbitmq-server",
};

/** Components of the machine, not of a unit, and the command that shows what takes them up. */
const machine: Readonly<Record<string, string>> = {
  disk: "df -h; du -xh --max-depth=2 /var | sort -h | tail",
  memory: "systemd-cgtop --order=memory",
  jobs: "journalctl -u stack-agent -b",
};

const most = 5;

/** The commands that help now, the most useful first; none where all is well. */
export function nextSteps(status: StatusDocument): readonly string[] {
  if (status.status === "healthy") return [];
  const failed = status.stages.filter((stage) => stage.status === "failed");
  const hints = failed.flatMap((stage) => (stage.error?.hint === undefined ? [] : [stage.error.hint]));
  const steps = [
    ...hints,
    ...(failed.length > 0 ? ["journalctl -u stack-provision -b", "stack-agent provision --plan"] : []),
    ...(status.components.length === 0 ? ["systemctl status stack-agent", "journalctl -u stack-agent -b"] : []),
    ...(status.status === "working" ? ["stack-agent status --wait"] : []),
    ...(status.status === "working" && failed.length === 0
      ? []
      : status.components
          .filter((component) => component.status !== "pass" && component.name !== "provision")
          .map((component) => step(component.name, status.stack.name))),
  ];
  return [...new Set(steps)].slice(0, most);
}

function step(component: string, stack: string): string {
  const known = machine[component];
  if (known !== undefined) return known;
  return `journalctl -b -n 50 -u ${units[component] ?? `${stack}-${component}`}`;
}
