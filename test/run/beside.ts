import type { Terminal } from "./prove.ts";

/**
 * Words before a command's own that let it have only what the others leave: on a kernel that
 * shares its cores between sessions first (autogroup), as Debian's does, a nice value alone says nothing.
 */
export const quietly: readonly string[] = [
  ...["sh", "-c", '{ echo 19 >/proc/self/autogroup; } 2>/dev/null; exec nice -n 19 "$@"', "sh"],
];

interface Beside<T> {
  readonly result: Promise<T>;
  /** Waits for its end, however it comes, and writes what it has said. */
  readonly end: () => Promise<void>;
}

/** Begins work beside the caller's. What it says is held back, so that it doesn't fall between others' lines. */
export function beside<T>(work: (terminal: Terminal) => Promise<T>, terminal: Terminal = process.stdout): Beside<T> {
  let said = "";
  const result = work({
    write: (text) => {
      said += String(text);
      return true;
    },
  });
  // It is told of by whoever waits.
  result.catch(() => {});
  return {
    result,
    end: async () => {
      await Promise.allSettled([result]);
      terminal.write(said);
    },
  };
}
