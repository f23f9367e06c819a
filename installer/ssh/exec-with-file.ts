import { PassThrough } from "node:stream";
import type { BorrowedFile } from "./borrowed-file.ts";
import type { ExecOptions, ExecResult } from "./exec-over.ts";
import type { Ssh } from "./ssh.ts";

/**
 * Watches over the file from before it is sent: when its standard input ends without a word, the
 * sender has failed or is gone.
 */
const watch = `f=$1
shift
trap 'rm -f -- "$f"' EXIT
trap 'exit 129' HUP INT TERM
echo ready
IFS= read -r word || exit 129
"$@" </dev/null`;

/** See Ssh.execWithFile. */
export async function execWithFile(
  { exec, put }: Pick<Ssh, "exec" | "put">,
  { path, remote, ...sending }: BorrowedFile,
  argv: readonly string[],
  { onLine, signal, ...options }: ExecOptions,
): Promise<ExecResult> {
  const stdin = new PassThrough();
  const ready = Promise.withResolvers<void>();
  let first = true;
  const watching = exec(["sh", "-c", watch, "sh", remote, ...argv], {
    timeout: 24 * 3_600_000,
    ...options,
    signal,
    stdin,
    onLine: (line, stream) => {
      if (!first || stream === "stderr") return onLine?.(line, stream);
      first = false;
      ready.resolve();
    },
  });
  const ended = watching.then(
    () => {},
    () => {},
  );
  try {
    await Promise.race([ready.promise, watching]);
    await put(path, remote, { signal, ...sending });
    stdin.end("go\n");
  } catch (error) {
    stdin.end();
    await ended;
    throw error;
  }
  const { stdout, ...rest } = await watching;
  return { ...rest, stdout: stdout.replace(/^ready\n/, "") };
}
