import type { Model, SecretName } from "./model.ts";

const agentUnit = "stack-agent.service";

/** Units that read the secret itself at their start; servers have it from their configuration. */
export function secretReaders(name: SecretName, model: Pick<Model, "secrets" | "services">): string[] {
  const agent = model.secrets.some((secret) => secret.name === name && secret.reader === "agent") ? [agentUnit] : [];
  const services = model.services.filter(({ credentials }) => credentials.some(({ secret }) => secret === name));
  return [...agent, ...services.map(({ unit }) => unit)];
}
