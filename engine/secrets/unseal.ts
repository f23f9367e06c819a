import { StackError } from "../../lib/error.ts";
import type { SecretName } from "../../stack/model.ts";
import type { Sealed } from "./sealed.ts";
import { isSecretForm, secretForms } from "./secret-forms.ts";

const mark = /«secret:([a-z0-9._-]+)(?:\|([a-z0-9-]+))?»/g;

/**
 * A sealed text with the secrets' values in their places.
 *
 * @throws StackError `seal-broken` for a mark that can't be read: half a mark must never
 *   reach a configuration file as somebody's password.
 */
export async function unseal(text: Sealed, read: (name: SecretName) => Promise<string>): Promise<string> {
  const values = new Map<string, string>();
  for (const [whole, name = "", form = "plain"] of text.matchAll(mark)) {
    if (!isSecretForm(form)) throw new StackError("seal-broken", `${whole} asks for an unknown form of a secret`);
    if (!values.has(whole)) values.set(whole, secretForms[form](await read(name)));
  }
  const open = text.replace(mark, (whole) => values.get(whole) ?? whole);
  if (open.includes("«secret:")) throw new StackError("seal-broken", "a mark of a secret in a file can't be read");
  return open;
}
