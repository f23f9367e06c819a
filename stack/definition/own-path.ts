import { type Document, isAlias, isMap, isNode, isSeq, type Node, type Pair, visit, type YAMLMap } from "yaml";
import { isMergeKey, mergeSources, target } from "./offset-of.ts";

/**
 * Makes all that a path goes through the document's own at that place: what an alias stands for
 * and what `<<` merges in become copies there. A change at the path is then one of this place alone.
 */
export function ownPath(document: Document, path: readonly string[]): void {
  let node: unknown = document.contents;
  for (const key of path) {
    if (isMap(node)) {
      flatten(node, document);
      const pair = node.items.find((item) => String(item.key) === key);
      if (pair === undefined) return;
      if (isAlias(pair.value)) pair.value = copy(target(pair.value, document));
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(key)];
      if (isAlias(item)) node.items[Number(key)] = copy(target(item, document));
      node = node.items[Number(key)];
    } else return;
  }
}

/** Puts copies of what is merged in into the place of `<<`. */
function flatten(map: YAMLMap, document: Document): void {
  const merges = map.items.filter((item) => isMergeKey(item.key));
  if (merges.length === 0) return;
  const known = new Set(map.items.map((item) => String(item.key)));
  const added: Pair[] = [];
  for (const source of merges.flatMap((merge) => mergeSources(merge, document))) {
    flatten(source, document);
    for (const { key, value } of source.items) {
      if (known.has(String(key))) continue;
      known.add(String(key));
      added.push(document.createPair(copy(key), copy(value)));
    }
  }
  const at = map.items.findIndex((item) => isMergeKey(item.key));
  map.items = map.items.flatMap((item, index) => (index === at ? added : isMergeKey(item.key) ? [] : [item]));
}

/** Without the anchors, of which a document has each once. */
function copy(node: unknown): unknown {
  if (!isNode(node)) return node;
  const made = node.clone() as Node;
  visit(made, {
    Node: (_, each) => {
      if ("anchor" in each) delete each.anchor;
    },
  });
  return made;
}
