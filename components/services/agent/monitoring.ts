import type { CheckOpeners } from "../../../engine/declared-checks.ts";
import type { Model } from "../../../stack/model.ts";
import { serviceCheck } from "./check.ts";
import { givenSecretsCheck } from "./given-secrets-check.ts";

export function checks(model: Model): CheckOpeners<`${string}:health`> & Partial<CheckOpeners<"secrets:given">> {
  return {
    ...Object.fromEntries(model.services.map((service) => [`${service.name}:health`, serviceCheck(service)])),
    ...(model.givenSecrets.length > 0 && { "secrets:given": givenSecretsCheck(model) }),
  };
}
