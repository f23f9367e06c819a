import type { Terminal } from "./prove.ts";

/**
 * Words before a command's own that let it have only what the others leave: on a kernel that
 * shares its cores between sessions first (autogroup), as Debian's does, a nice value alone says nothing.
 */
export const quietly: readonly string[] = [
  ...["sh", "-c", '{ echo 19 >/proc/self/autogroup; } 2>/dev/null; exec nice -n 19 "$@"', "sh"],
];

/**
 * Begins work beside the caller's. What it says is held back, so that it doesn't fall between others' lines.
 *
 * @returns waits for its end, writes what it has said, and returns what it came to
 */
export function beside<T>(work: (terminal: Terminal) => Promise<T>): () => Promise<T> {
  let said = "";
  const terminal: Terminal = {
    write: (text) => {
      said += text;
      return true;
    },
  };
  const done = work(terminal);
  // It is told of by whoever waits.
  done.catch(() => {});
  return async () => {
    try {
      return await done;
    } finally {
      process.stdout.write(said);
    }
  };
}
