import { StackError } from "./error.ts";

/**
 * A command line that a POSIX shell takes apart into exactly these words again.
 *
 * @throws StackError `nul-in-word`: no command line can carry one
 */
export function shellWords(argv: readonly string[]): string {
  return argv.map(shellWord).join(" ");
}

/** One word of such a command line, quoted where it must be. */
export function shellWord(word: string): string {
  if (word.includes("\0")) throw new StackError("nul-in-word", "a command's word can't hold a NUL");
  // ~ and = mean something to some shells at some places, = in an option to none.
  return /^(?:[\w./:@%+,-]+|-[\w./:=@%+,-]+)$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
