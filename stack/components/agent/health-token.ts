import type { SecretSpec } from "../../model.ts";

/** What it takes to be told detail by the agent. */
export const healthToken: SecretSpec = {
  name: "health.token",
  reader: "agent",
  restarts: true,
  purpose: "detail in /health: Authorization: Bearer TOKEN",
};
