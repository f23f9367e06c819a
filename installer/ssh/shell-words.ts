/**
 * A command line that a POSIX shell takes apart into exactly these words again: sshd hands a
 * command to the user's shell as one text.
 *
 * @throws Error for a word with a NUL, which no command line can carry
 */
export function shellWords(argv: readonly string[]): string {
  return argv.map(quoted).join(" ");
}

function quoted(word: string): string {
  if (word.includes("\0")) throw new Error("a command's word can't hold a NUL");
  // ~ and = mean something to some shells at some places: only what means nothing anywhere stays bare.
  return /^[A-Za-z0-9_./:@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
