import type { CheckOpener, Outcome } from "../../../engine/check.ts";
import { secretSince } from "../../../engine/secrets/given-secrets.ts";
import type { GivenSecret, Model } from "../../../stack/model.ts";

/** Whether every secret that somebody must give is there. What it says is nobody's outage: it warns. */
export function givenSecretsCheck({ givenSecrets, paths }: Pick<Model, "givenSecrets" | "paths">): CheckOpener {
  return () => ({
    run: async () => {
      const since = await Promise.all(givenSecrets.map(({ name }) => secretSince(paths.state, name)));
      return givenSecretsOutcome(givenSecrets.filter((_, index) => since[index] === undefined));
    },
    close: async () => {},
  });
}

export function givenSecretsOutcome(missing: readonly Pick<GivenSecret, "name" | "services">[]): Outcome {
  const observed = { observedValue: missing.length };
  if (missing.length === 0) return { status: "pass", code: "ok", ...observed };
  const each = missing.map(({ name, services }) => {
    const whose = services.length === 0 ? "" : ` of ${services.map((service) => service.name).join(", ")}`;
    return `${name}${whose} is not set (stack-agent secrets set ${name})`;
  });
  return { status: "warn", code: "missing", message: each.join("; "), ...observed };
}
