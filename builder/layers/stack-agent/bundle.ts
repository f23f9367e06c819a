import { join } from "node:path";
import { build } from "esbuild";
import { messageOf, StackError } from "../../../lib/error.ts";

/**
 * Bundles the agent into one CommonJS text: it starts in a third of the time that its
 * files would take. Native addons stay outside, beside the bundle, loaded by path.
 *
 * @throws StackError `bundle-failed` with esbuild's messages
 */
export async function bundleAgent(project: string, entry = join(project, "agent", "cli.ts")): Promise<string> {
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
      external: ["*.node", "pg-native", "systemd-journald", "node-unix-socket"],
      logLevel: "silent",
    });
    const text = result.outputFiles[0]?.text;
    if (text === undefined) throw new StackError("bundle-failed", "esbuild gave no bundle");
    return text;
  } catch (error) {
    if (error instanceof StackError) throw error;
    throw new StackError("bundle-failed", "the agent could not be bundled", { detail: messageOf(error).split("\n") });
  }
}
