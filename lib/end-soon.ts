/**
 * Ends a program whose work is done: by itself, or some milliseconds after all that it has printed has been taken.
 * What it left open, a client of a database, keeps it no longer; a reader who is slow does: a pipe takes 64 KiB, and the
 * rest would be lost.
 *
 * @param lastMoment milliseconds in which what was left open may close
 */
export function endSoon(code: number, lastMoment: number): void {
  process.exitCode = code;
  let streams = 2;
  const taken = (): void => {
    streams -= 1;
    if (streams === 0) setTimeout(() => process.exit(), lastMoment).unref();
  };
  // Called in its turn, after all that was written before; also where nobody reads any more.
  for (const stream of [process.stdout, process.stderr]) stream.write("", taken);
}
