import type { Fault } from "./fault.ts";

/**
 * A definition's data without what is wrong in it, so that the rest can be looked at all the same.
 * A list goes as a whole, and a map whose key is missing.
 */
export function withoutFaults(data: unknown, faults: readonly Pick<Fault, "path">[]): unknown {
  const left = structuredClone(data);
  for (const { path } of faults) remove(left, path.map(String));
  return left;
}

function remove(from: unknown, [key, ...rest]: readonly string[]): "missing" | undefined {
  if (!isMap(from) || key === undefined) return undefined;
  if (!Object.hasOwn(from, key)) return "missing";
  if (rest.length === 0 || !isMap(from[key]) || remove(from[key], rest) === "missing") delete from[key];
  return undefined;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
