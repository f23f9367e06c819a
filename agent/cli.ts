import { tellError } from "../lib/cli/tell-error.ts";
import { endSoon } from "../lib/end-soon.ts";
import { outliveReaders } from "../lib/outlive-readers.ts";

/** Milliseconds after a command's end in which what it left open may close. */
const LAST_MOMENT = 500;

/**
 * In a template the agent, `status` and the other commands are a file each, `serve.cjs`, `status.cjs` and `program.cjs`:
 * what the agent loads it holds for months, its text included, and a command starts the sooner the less it reads.
 * Bundled as CommonJS: no top-level await.
 *
 * @returns the exit code
 */
async function main(args: readonly string[]): Promise<number> {
  if (args[0] === "status") return await (await import("./status/status-program.ts")).statusProgram(args);
  if (args.length !== 1 || args[0] !== "serve") return await (await import("./program.ts")).program(args);
  try {
    return await (await import("./health/serve.ts")).serve();
  } catch (error) {
    return tellError(error, false);
  }
}

outliveReaders(process);
// A client that a failed stage left open must not keep a boot waiting.
void main(process.argv.slice(2)).then((code) => endSoon(code, LAST_MOMENT));
