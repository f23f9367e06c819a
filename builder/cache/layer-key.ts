import { createHash } from "node:crypto";

/** What goes into a layer, by name. The list is the layer's whole contract: nothing else may change its bytes. */
export type Inputs = Readonly<Record<string, unknown>>;

/** Hex sha256 of a list of inputs, whatever the order of its keys. */
export function layerKey(layer: string, inputs: Inputs): string {
  return createHash("sha256")
    .update(`${layer}\n${JSON.stringify(inputs, sortedKeys)}`)
    .digest("hex");
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
