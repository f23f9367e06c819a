import type { SecretName } from "../../stack/model.ts";
import type { SecretForm } from "./secret-forms.ts";

declare const sealed: unique symbol;

/**
 * Text that may hold `«secret:redis.auth»` or `«secret:postgres.app|scram»`: a secret's
 * name, never its value. Only `Io` and `FactReader` put values in; so no plan, diff, log or
 * error can print one.
 */
export type Sealed = string & { readonly [sealed]: true };

export function asSealed(text: string): Sealed {
  return text as Sealed;
}

/** The mark of a secret in a sealed text: what templates get as `secret(name, form)`. */
export function secretMark(name: SecretName, form: SecretForm = "plain"): string {
  return form === "plain" ? `«secret:${name}»` : `«secret:${name}|${form}»`;
}
