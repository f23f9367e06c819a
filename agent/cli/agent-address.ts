import { readSecret } from "../../engine/secrets/read-secret.ts";
import { machinePaths } from "../../stack/machine-paths.ts";
import { type AgentAddress, agentPort } from "./ask-agent.ts";

/** Where things of this machine are; all have the container's paths as default. */
export interface MachinePaths {
  readonly definitionPath?: string;
  readonly stateFolder?: string;
  readonly runFolder?: string;
}

/** The agent's address and, where this user may read it, its token: both may come while one waits. */
export async function agentAddress(paths: MachinePaths): Promise<AgentAddress> {
  const [port, token] = await Promise.all([
    agentPort(paths.definitionPath ?? machinePaths.definition),
    readSecret(paths.stateFolder ?? machinePaths.state, "health.token"),
  ]);
  return { port, token };
}
