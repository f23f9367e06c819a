import { createRequire } from "node:module";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { messageOf, StackError } from "../../../lib/error.ts";
import { type NpmPackage, readNpmPackage } from "./npm-package.ts";

export interface Bundle {
  readonly text: string;
  /** The npm packages that some of the text is from, sorted by name and version. */
  readonly packages: readonly NpmPackage[];
}

/**
 * Bundles the agent into one CommonJS text: it starts in a third of the time that its
 * files would take. Native addons stay outside, beside the bundle, loaded by path.
 *
 * @throws StackError `bundle-failed` with esbuild's messages
 */
export async function bundleAgent(project: string, entry = join(project, "agent", "cli.ts")): Promise<Bundle> {
  try {
    const result = await build({
      entryPoints: [entry],
      absWorkingDir: project,
      bundle: true,
      write: false,
      platform: "node",
      target: "node24",
      format: "cjs",
      minify: true,
      keepNames: true,
      legalComments: "none",
      // The copy that cron requires: an import would bring another one, with settings of its own.
      alias: { luxon: createRequire(join(project, "package.json")).resolve("luxon") },
      // supports-color: `debug` would take it where a tool of development happens to bring it.
      external: ["*.node", "pg-native", "node-unix-socket", "supports-color"],
      // Below node_modules esbuild heeds no tsconfig.json: none, so that an installed package bundles the same.
      tsconfigRaw: "{}",
      plugins: [oneLanguage],
      logLevel: "silent",
      metafile: true,
    });
    const text = result.outputFiles[0]?.text;
    if (text === undefined) throw new StackError("bundle-failed", "esbuild gave no bundle");
    const used = Object.values(result.metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    );
    return { text, packages: await packagesOf(used, project) };
  } catch (error) {
    if (error instanceof StackError) throw error;
    throw new StackError("bundle-failed", "the agent could not be bundled", { detail: messageOf(error).split("\n") });
  }
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

/** Packages that files belong to, by the last node_modules in their paths; our own files belong to none. */
async function packagesOf(files: readonly string[], project: string): Promise<NpmPackage[]> {
  const folders = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  const packages = await Promise.all([...folders].map((folder) => readNpmPackage(join(project, folder))));
  const byKey = new Map(packages.map((one) => [`${one.name} ${one.version}`, one]));
  return [...byKey.keys()].sort().flatMap((key) => byKey.get(key) ?? []);
}
