import type { CheckName, CheckSpec } from "../check-spec.ts";
import { counter, gauge } from "../metric-spec.ts";

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
    metrics: [
      gauge(
        "stack_filesystem_size_bytes",
        "Size of the file system with the component's data, of several the fullest.",
      ),
      gauge("stack_filesystem_free_bytes", "What of it the stack may still take."),
    ],
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
    metrics: [
      gauge("stack_memory_bytes", "Memory that there is, by the machine and by the container's limit."),
      counter(
        "stack_pressure_waiting_seconds_total",
        "Time in which some process waited for the resource, in the container or, as `scope` says, on the whole node.",
      ),
    ],
  },
  "updates:pending": {
    proves:
      "no security update is pending by what the archives last said, and nothing runs what an update has replaced",
    observes: {
      unit: "packages",
      metric: {
        name: "stack_security_updates_pending",
        type: "gauge",
        help: "Installed packages of which Debian has a security update.",
      },
    },
  },
} as const satisfies Readonly<Record<CheckName, CheckSpec>>;
