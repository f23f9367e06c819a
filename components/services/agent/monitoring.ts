import type { Check } from "../../../engine/check.ts";
import type { Model } from "../../../stack/model.ts";
import { serviceCheck } from "./check.ts";
import { givenSecretsCheck } from "./given-secrets-check.ts";

export function checks(model: Model): readonly Check[] {
  return [...model.services.map(serviceCheck), ...(model.givenSecrets.length > 0 ? [givenSecretsCheck(model)] : [])];
}
