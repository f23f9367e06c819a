import type { CheckOpeners } from "../../../engine/declared-checks.ts";
import type { ServicesCheck } from "../../../stack/components/services/checks.ts";
import type { Model } from "../../../stack/model.ts";
import { serviceCheck } from "./check.ts";
import { givenSecretsCheck } from "./given-secrets-check.ts";

export function checks(model: Model): CheckOpeners<ServicesCheck> {
  return {
    ...Object.fromEntries(model.services.map((service) => [`${service.name}:health`, serviceCheck(service)])),
    "secrets:given": givenSecretsCheck(model),
  };
}
