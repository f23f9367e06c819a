import { ExitCode, StackError } from "../../lib/error.ts";
import { nameField } from "../definition/fields.ts";

/** As the definition has them. */
const longest = 27;

const field = nameField("price-feed", longest);

/** @throws StackError `bad-service-name`, exit 64 */
export function refuseServiceName(name: string): void {
  const { success } = field.safeParse(name);
  if (success) return;
  throw new StackError("bad-service-name", `${name} can't be a service's name`, {
    hint: `lower-case words joined by "-", of ${longest} characters at most: price-feed`,
    exit: ExitCode.usage,
  });
}
