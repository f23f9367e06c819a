import { asksForJson, tellError } from "../lib/cli/tell-error.ts";
import { outliveReaders } from "../lib/outlive-readers.ts";

/** Milliseconds after a command's end in which what it left open may close. */
const LAST_MOMENT = 500;

/**
 * What is loaded here the idle agent holds for months: `serve` does without the reader of
 * command lines. Bundled as CommonJS: no top-level await.
 *
 * @returns the exit code
 */
async function main(args: readonly string[]): Promise<number> {
  try {
    if (args.length === 1 && args[0] === "serve") return await (await import("./health/serve.ts")).serve();
    return await (await import("./program.ts")).program(args);
  } catch (error) {
    return tellError(error, asksForJson(args));
  }
}

outliveReaders(process);
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
  // A client that a failed stage left open must not keep a boot waiting.
  setTimeout(() => process.exit(), LAST_MOMENT).unref();
});
