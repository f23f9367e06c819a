import * as z from "zod/mini";
import { cronFault } from "./cron-fault.ts";

/*
 * Kinds of settings that several sections of a stack.yaml have.
 */

/** In MiB. */
export const TiB = 1024 * 1024;

/** @param example a name that is right @param max characters */
export function nameField(example: string, max: number) {
  return z
    .string()
    .check(
      z.regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, `must be lower-case words joined by "-", e.g. ${example}`),
      z.maxLength(max),
    );
}

export function portField(what: string) {
  return z
    .int()
    .check(z.gte(1024, "ports below 1024 need a capability that no service here has"), z.lte(65535), z.describe(what));
}

/** Five cron fields. @param also words that are taken too */
export function cronField(what: string, also: readonly string[] = []) {
  return z.string().check((check) => {
    const { value: input } = check;
    const fault = also.includes(input) ? undefined : cronFault(input);
    if (fault === undefined) return;
    const words = also.map((word) => `"${word}" or `).join("");
    check.issues.push({ code: "custom", input, message: fault.replace(/^must be a/, `must be ${words}a`) });
  }, z.describe(what));
}

/** Twice would be twice in a file of the container. */
export const eachOnce = z.refine<readonly string[]>(
  (list) => new Set(list).size === list.length,
  "names something twice",
);
