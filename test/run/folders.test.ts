/** Folders of a room have an order: none imports, even by way of others, one that imports it. */
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
    const text = readFileSync(join(top, path), "utf8");
    for (const [, to = ""] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
      const target = relative(top, join(top, dirname(path), to));
      const [from, into] = [first(path), first(target)];
      if (target.startsWith("..") || from === into) continue;
      found.set(from, (found.get(from) ?? new Set()).add(into));
    }
  }
  return found;
}

function first(path: string): string {
  return path.includes("/") ? (path.split("/")[0] ?? "") : ".";
}

/** Takes away folder after folder that imports none of the rest. @returns those that are left */
function withoutOrder(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] {
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
