import { healthToken } from "./components/agent/health-token.ts";
import type { Model, SecretName } from "./model.ts";

const agentUnit = "stack-agent.service";

/** Units that read the secret itself; servers have it from their configuration. */
export function secretReaders(name: SecretName, model: Pick<Model, "secrets" | "services">): string[] {
  const isAgents = model.secrets.some((secret) => secret.name === name && secret.reader === "agent");
  return [...(isAgents ? [agentUnit] : []), ...services(name, model)];
}

/**
 * Those of them that need a restart for another value. The agent reads what it logs in with at each
 * login; but a token that it has held for right once it holds for right until its end.
 */
export function outdatedReaders(name: SecretName, model: Pick<Model, "services">): string[] {
  return [...(name === healthToken.name ? [agentUnit] : []), ...services(name, model)];
}

function services(name: SecretName, model: Pick<Model, "services">): string[] {
  const readers = model.services.filter(({ credentials }) => credentials.some(({ secret }) => secret === name));
  return readers.map(({ unit }) => unit);
}
