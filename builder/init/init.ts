import { mkdir, readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { ExitCode, isErrno, messageOf, StackError } from "../../lib/error.ts";
import { writeFileAtomic } from "../../lib/files.ts";
import { shellWord } from "../../lib/shell-words.ts";
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
  await refuseUsed(folder);
  const start = resource("init/start");
  const files = new Map<string, string>([
    ["stack.yaml", starterDefinition({ name: stackName(folder), components: ["postgres", "redis"], services })],
    ["stack.schema.json", `${JSON.stringify(definitionJsonSchema(), undefined, 2)}\n`],
  ]);
  for (const entry of await readdir(start, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const from = join(entry.parentPath, entry.name);
    // npm takes a .gitignore in a package for its own.
    files.set(relative(start, from).replace(/^gitignore$/, ".gitignore"), await readFile(from, "utf8"));
  }
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFileAtomic(join(folder, path), text);
  }
  return {
    folder,
    files: [...files.keys()].sort(),
    next: [`cd ${shellWord(folder)}`, "build-template stack.yaml"],
  };
}

async function refuseUsed(folder: string): Promise<void> {
  const there = await readdir(folder).catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return [];
    throw new StackError("no-folder", `${folder} can't be used: ${messageOf(error)}`, { exit: ExitCode.usage });
  });
  if (there.length === 0) return;
  const some = there.sort().slice(0, 5).join(", ");
  throw new StackError("folder-not-empty", `${folder} holds ${some}${there.length > 5 ? ", …" : ""}`, {
    hint: "name a new folder: build-template init my-stack",
    exit: ExitCode.usage,
  });
}

/** The folder's name where it can be a stack's. */
function stackName(folder: string): string {
  const name = basename(folder).toLowerCase();
  return /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) && name.length <= 40 ? name : "my-stack";
}
