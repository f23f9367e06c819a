import { type BuildOptions, build, type Metafile } from "esbuild";
import { messageOf, StackError } from "../lib/error.ts";

export interface BundledText {
  readonly text: string;
  readonly metafile: Metafile;
}

/**
 * Bundles a program and its packages into one text for this Node.
 *
 * @param what it is, for messages
 * @throws StackError `bundle-failed` with esbuild's messages
 */
export async function bundleText(what: string, project: string, options: BuildOptions): Promise<BundledText> {
  try {
    const { outputFiles, metafile } = await build({
      absWorkingDir: project,
      bundle: true,
      platform: "node",
      target: "node24",
      legalComments: "none",
      // Below node_modules esbuild heeds no tsconfig.json: none, so that an installed package bundles the same.
      tsconfigRaw: "{}",
      logLevel: "silent",
      ...options,
      write: false,
      metafile: true,
    });
    const text = outputFiles[0]?.text;
    if (text !== undefined) return { text, metafile };
  } catch (error) {
    throw new StackError("bundle-failed", `${what} could not be bundled`, { detail: messageOf(error).split("\n") });
  }
  throw new StackError("bundle-failed", `esbuild gave no bundle of ${what}`);
}
