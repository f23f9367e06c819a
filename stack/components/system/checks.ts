import type { CheckName, CheckSpec } from "../check-spec.ts";

/** What of the machine itself is looked at. Apart from the declaration: health's names are made from it. */
export const machineChecks = {
  "disk:used": {
    proves: "no file system that the stack writes to is nearly full, by blocks or by inodes",
    observes: {
      unit: "percent",
      metric: {
        name: "stack_disk_used_ratio",
        type: "gauge",
        help: "Used share of the fullest file system, by blocks or by inodes.",
        per: 100,
      },
    },
  },
  "memory:available": {
    proves: "memory is left, by the machine and by the container's limit",
    observes: {
      unit: "percent",
      metric: {
        name: "stack_memory_available_ratio",
        type: "gauge",
        help: "Share of the memory that is available.",
        per: 100,
      },
    },
  },
} as const satisfies Readonly<Record<CheckName, CheckSpec>>;
