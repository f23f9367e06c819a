import type { Paths } from "./model.ts";

/** Paths of the agent's own on every machine, whatever its stack. */
export const machinePaths = {
  definition: "/etc/stack-agent/stack.yaml",
  share: "/usr/share/stack-agent",
  state: "/var/lib/stack-agent",
  run: "/run/stack-agent",
  agent: "/opt/stack-agent",
} as const satisfies Omit<Paths, "config" | "opt">;

/** What the agent can make again: uv's downloads. */
export const agentCache = "/var/cache/stack-agent";
