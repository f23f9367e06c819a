import { basename } from "node:path";
import { readTextTree } from "../../lib/read-text-tree.ts";
import { shellWord } from "../../lib/shell-words.ts";
import { writeTextTree } from "../../lib/write-text-tree.ts";
import { definitionJsonSchema } from "../../stack/definition/json-schema.ts";
import { starterDefinition } from "../../stack/definition/starter.ts";
import { resource } from "../resource.ts";

export interface InitResult {
  readonly folder: string;
  /** Relative to the folder, sorted. */
  readonly files: readonly string[];
  /** Commands to go on with. */
  readonly next: readonly string[];
}

const services = `services:
  hello:
    port: 8001
    source: services/hello
    module: hello
    notify: false
    needs: []
`;

/**
 * Writes the start of a stack of one's own into a new or empty folder: definition with its
 * JSON Schema, a service, a file, a timer.
 *
 * @throws StackError `folder-not-empty`, `no-folder` (exit 64)
 */
export async function init(folder: string): Promise<InitResult> {
  const files = new Map<string, string>([
    ["stack.yaml", starterDefinition({ name: stackName(folder), components: ["postgres", "redis"], services })],
    ["stack.schema.json", `${JSON.stringify(definitionJsonSchema(), undefined, 2)}\n`],
  ]);
  for (const [path, text] of await readTextTree(resource("init/start"))) {
    // npm takes a .gitignore in a package for its own.
    files.set(path.replace(/^gitignore$/, ".gitignore"), text);
  }
  await writeTextTree(folder, files, "name a new folder: build-template init my-stack");
  return {
    folder,
    files: [...files.keys()].sort(),
    next: [`cd ${shellWord(folder)}`, "build-template stack.yaml"],
  };
}

/** The folder's name where it can be a stack's. */
function stackName(folder: string): string {
  const name = basename(folder).toLowerCase();
  return /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) && name.length <= 40 ? name : "my-stack";
}
