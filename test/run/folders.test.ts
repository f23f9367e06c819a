/** Folders of a room have an order, and so have files: none imports, even by way of others, one that imports it. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import t from "tap";
import { projectFolder } from "../../lib/project-folder.ts";

/** Which folders of a room each of its folders imports; the room's own files are those of folder ".". */
function imports(room: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const top = join(projectFolder, room);
  for (const path of readdirSync(top, { recursive: true, encoding: "utf8" })) {
    // The program's start, which everything is below.
    if (!path.endsWith(".ts") || path === "cli.ts") continue;
    for (const target of importedBy(join(room, path))) {
      const into = relative(room, target);
      if (into.startsWith("..") || first(path) === first(into)) continue;
      found.set(first(path), (found.get(first(path)) ?? new Set()).add(first(into)));
    }
  }
  return found;
}

/** Files of ours that a file imports, for its types alone too unless asked otherwise. */
function importedBy(path: string, types = true): string[] {
  const text = readFileSync(join(projectFolder, path), "utf8");
  const counted = types ? text : text.replaceAll(/^(?:import|export) type [^;]*;/gm, "");
  return [...counted.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(([, to = ""]) => join(dirname(path), to));
}

function first(path: string): string {
  return path.includes("/") ? (path.split("/")[0] ?? "") : ".";
}

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

function reversed(graph: Graph): Graph {
  const found = new Map<string, Set<string>>();
  for (const [from, all] of graph) for (const to of all) found.set(to, (found.get(to) ?? new Set()).add(from));
  return found;
}

/** Takes away one after the other that imports none of the rest, until none is left but what stands in a circle or imports one. */
function withoutOrder(graph: Graph): string[] {
  let left = [...new Set([...graph.keys(), ...[...graph.values()].flatMap((to) => [...to])])];
  for (;;) {
    const next = left.filter((one) => [...(graph.get(one) ?? [])].some((to) => left.includes(to)));
    if (next.length === left.length) return left.sort();
    left = next;
  }
}

for (const room of ["agent", "builder", "engine", "installer"]) {
  t.test(`no folder of ${room}/ imports one that imports it`, async (t) => {
    const graph = imports(room);
    t.ok(graph.size > 1);
    t.same(withoutOrder(graph), []);
  });
}

const sources = ["lib", "stack", "engine", "components", "agent", "builder", "installer", "test"].flatMap((room) =>
  readdirSync(join(projectFolder, room), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => join(room, path)),
);

t.test("no file imports one that imports it", async (t) => {
  // What a stack is follows from its components' declarations, and they are declared by what a stack is.
  const graph = new Map(sources.map((path) => [path, new Set(importedBy(path, !path.startsWith("stack/")))]));
  t.ok(graph.size > 500);
  const circling = new Set(withoutOrder(reversed(graph)));
  t.same(
    withoutOrder(graph).filter((path) => circling.has(path)),
    [],
  );
});
