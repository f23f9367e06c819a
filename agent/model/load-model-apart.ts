import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import type { Model } from "../../stack/model.ts";

/**
 * The model, by code that is let go of again: the readers of YAML and of definitions are two
 * megabytes that a process which runs for months has no further use for. In a template they
 * are a file of their own beside the program, `model.cjs`, which is `load-model.ts` bundled.
 *
 * @param program the running program's file, `process.argv[1]`
 * @throws StackError what `loadModel` throws
 */
export async function loadModelApart(program: string | undefined, definitionPath?: string) {
  const load = createRequire(realpathSync(program ?? process.execPath));
  const before = new Set(Object.getOwnPropertyNames(globalThis));
  try {
    const file = fileBeside(load);
    // A checkout's sources have no such file beside them.
    const { loadModel } = file === undefined ? await import("./load-model.ts") : requireOnce(load, file);
    const model: Model = await loadModel(definitionPath);
    return model;
  } finally {
    // zod's registry is one of the process's, and holds all that it was made by.
    for (const name of Object.getOwnPropertyNames(globalThis)) {
      if (!before.has(name) && name.startsWith("__zod_")) Reflect.deleteProperty(globalThis, name);
    }
  }
}

type LoadModel = typeof import("./load-model.ts");

function fileBeside(load: NodeJS.Require): string | undefined {
  try {
    return load.resolve("./model.cjs");
  } catch {
    return undefined;
  }
}

function requireOnce(load: NodeJS.Require, file: string): LoadModel {
  const loaded = load(file) as LoadModel;
  delete load.cache[file];
  return loaded;
}
