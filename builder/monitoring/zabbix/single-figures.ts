import type { Model } from "../../../stack/model.ts";
import type { Discovery } from "./discoveries.ts";
import { type Figure, told } from "./figure.ts";

/** Figures of which a stack has one each: the agent's own, and what checks tell of nothing that there are several of. */
export function singleFigures(stack: Model, several: readonly Discovery[]): readonly Figure[] {
  const found = new Set(several.flatMap(({ figures }) => figures.map(({ name }) => name)));
  const own = stack.checks.flatMap(({ observes, metrics = [] }) => [
    ...(observes ? [observes.metric] : []),
    ...metrics,
  ]);
  const once = new Map(own.map(({ name, type, help }): [string, Figure] => [name, { name, type, help }]));
  return [
    ...agent,
    ...(stack.backup === undefined ? [] : [backup]),
    ...[...once.values()].filter(({ name }) => !found.has(name)),
  ];
}

/** Its warnings are a problem too; those of other components are looked at when there is time. */
const backup = told("stack_backup_status", "What the checks of backups say.", {
  pattern: 'stack_component_status{component="backup"}',
  words: "status",
});

const agent: readonly Figure[] = [
  told("stack_up", "Whether nothing of the stack fails.", { words: "up" }),
  told("stack_provision_start_timestamp_seconds", "When provisioning last began: at every boot, at the least."),
  told("stack_provision_seconds", "How long the last provisioning took, done or failed."),
  told("process_resident_memory_bytes", "The agent's resident memory."),
  told("process_cpu_seconds_total", "The agent's CPU time."),
];
