import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from "yaml";
import type { Fault } from "./fault.ts";

/** Where in the text a fault is; a missing key is where its parent is, one that is merged in where it is written. */
export function offsetOf(document: Document, fault: Pick<Fault, "path" | "atKey">): number {
  let node = target(document.contents, document);
  let offset = startOf(node) ?? 0;
  for (const [index, key] of fault.path.entries()) {
    if (isMap(node)) {
      const pair = pairAt(node, String(key), document);
      if (pair === undefined) return offset;
      const last = index === fault.path.length - 1;
      offset = startOf(last && !fault.atKey ? (pair.value ?? pair.key) : pair.key) ?? offset;
      node = target(pair.value, document);
    } else if (isSeq(node)) {
      const item = node.items[Number(key)];
      offset = startOf(item) ?? offset;
      node = target(item, document);
    } else return offset;
  }
  return offset;
}

/** A node, or what an alias stands for. */
export function target(node: unknown, document: Document): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

/** Whether a key is `<<`, whose value's keys are merged into the map. */
export function isMergeKey(key: unknown): boolean {
  const value: unknown = isScalar(key) ? key.value : key;
  return value === "<<" || (typeof value === "symbol" && value.description === "<<");
}

/** The maps that a `<<` names: one, or several in a list, of which the first goes before. */
export function mergeSources({ value }: Pair, document: Document): YAMLMap[] {
  const given = target(value, document);
  return (isSeq(given) ? given.items : [given]).map((one) => target(one, document)).filter(isMap);
}

/** A map's own pair of a key, else the one that is merged in. */
function pairAt(map: YAMLMap, key: string, document: Document, within: readonly YAMLMap[] = []): Pair | undefined {
  const own = map.items.find((item) => !isMergeKey(item.key) && String(item.key) === key);
  if (own !== undefined || within.includes(map)) return own;
  const sources = map.items.filter((item) => isMergeKey(item.key)).flatMap((item) => mergeSources(item, document));
  for (const source of sources) {
    const found = pairAt(source, key, document, [...within, map]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}
