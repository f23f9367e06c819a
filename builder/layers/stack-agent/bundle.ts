import { createRequire } from "node:module";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { bundleText } from "../../bundle-text.ts";
import { type NpmPackage, readNpmPackage } from "./npm-package.ts";

export interface Bundle {
  readonly text: string;
  /** The npm packages that some of the text is from, sorted by name and version. */
  readonly packages: readonly NpmPackage[];
}

/**
 * Bundles the agent, or another entry of its, into one CommonJS text: it starts in a third of the time that its
 * files would take. Native addons stay outside, beside the bundle, loaded by path.
 *
 * @throws StackError `bundle-failed` with esbuild's messages
 */
export async function bundleAgent(project: string, entry = join(project, "agent", "cli.ts")): Promise<Bundle> {
  const { text, metafile } = await bundleText("the agent", project, {
    entryPoints: [entry],
    format: "cjs",
    minify: true,
    keepNames: true,
    // The copy that cron requires: an import would bring another one, with settings of its own.
    alias: { luxon: createRequire(join(project, "package.json")).resolve("luxon") },
    // supports-color: `debug` would take it where a tool of development happens to bring it.
    external: ["*.node", "pg-native", "node-unix-socket", "supports-color"],
    // By require: import() would first look through the text for what it exports.
    supported: { "dynamic-import": false },
    plugins: [oneLanguage, apart],
  });
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  return { text, packages: await packagesOf(used, project) };
}

/** zod's errors in English only: its other fifty languages are a fifth of the bundle, and each start would read them. */
const oneLanguage: Plugin = {
  name: "one-language",
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: `export { default as en } from "./en.js"`,
    }));
  },
};

/** What is a bundle of its own, beside the others (agentInputs), by the last of the path it is imported by. */
const ownBundle: Readonly<Record<string, string>> = {
  "serve.ts": "./serve.cjs",
  "status-program.ts": "./status.cjs",
  "program.ts": "./program.cjs",
  "load-model.ts": "./model.cjs",
  "page.ts": "./page.cjs",
};

/** An `import()` of it is left as it is: whoever needs it loads the file. */
const apart: Plugin = {
  name: "apart",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, kind }) => {
      const file = ownBundle[path.slice(path.lastIndexOf("/") + 1)];
      return kind === "dynamic-import" && file !== undefined ? { path: file, external: true } : undefined;
    });
  },
};

/** Packages that files belong to, by the last node_modules in their paths; our own files belong to none. */
async function packagesOf(files: readonly string[], project: string): Promise<NpmPackage[]> {
  const folders = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  return eachOnce(await Promise.all([...folders].map((folder) => readNpmPackage(join(project, folder)))));
}

/** Sorted by name and version. */
export function eachOnce(packages: readonly NpmPackage[]): NpmPackage[] {
  const byKey = new Map(packages.map((one) => [`${one.name} ${one.version}`, one]));
  return [...byKey.keys()].sort().flatMap((key) => byKey.get(key) ?? []);
}
