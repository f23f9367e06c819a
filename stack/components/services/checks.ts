import type { CheckName, CheckSpec } from "../check-spec.ts";

/** What a service's check has seen when it passes. */
export const serviceHealth = "the service answers its own health path, and that passes";

/** Of what services wait for. Apart from the declaration: health's names are made from it. */
export const givenSecretsChecks = {
  "secrets:given": {
    proves: "every secret that somebody must give is set",
    observes: {
      unit: "secrets",
      metric: { name: "stack_secrets_missing", type: "gauge", help: "Secrets that somebody must give and has not." },
    },
  },
} as const satisfies Readonly<Record<CheckName, CheckSpec>>;

/** Names of all of them. */
export type ServicesCheck = `${string}:health` | keyof typeof givenSecretsChecks;
