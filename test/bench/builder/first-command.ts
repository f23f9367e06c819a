import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../../lib/run.ts";
import { freshCheckout } from "./project-copy.ts";
import { timedBuild } from "./timed-build.ts";

interface FirstCommand {
  /** Of the first `bin/build-template` in a fresh checkout. */
  readonly seconds: number;
  /** Of npm's own install there, alone. */
  readonly install: number;
}

/** A fresh checkout with no package, nothing cached by npm, pip, uv, Node or us; Debian's tools are there. */
export async function firstCommand(folder: string, signal: AbortSignal): Promise<FirstCommand> {
  const here = await mkdtemp(join(folder, "first-"));
  const [ours, theirs] = [await freshCheckout(join(here, "ours")), await freshCheckout(join(here, "theirs"))];
  const { seconds } = await timedBuild({
    ...{ project: ours, out: join(here, "out"), cache: join(here, "cache"), folder: here, signal },
    // The bench's own launcher has set it.
    env: { NODE_COMPILE_CACHE: undefined, npm_config_cache: join(here, "npm") },
  });
  const start = performance.now();
  await run("npm", ["install", "--no-save", "--ignore-scripts", "--loglevel=error", "--no-progress"], {
    ...{ cwd: theirs, timeout: 600_000, signal },
    env: { ...process.env, npm_config_cache: join(here, "other-npm") },
  });
  return { seconds, install: (performance.now() - start) / 1000 };
}
