import { isErrno } from "./error.ts";

/**
 * For a program's start. Where nobody reads any more, as in `stack-agent status | head` or
 * after a lost terminal, what is written goes nowhere and the program ends in its own time,
 * with its own exit code and its own clean-up.
 */
export function outliveReaders({ stdout, stderr }: NodeJS.Process): void {
  for (const stream of [stdout, stderr]) {
    stream.on("error", (error) => {
      if (!isErrno(error, "EPIPE", "EIO")) throw error;
    });
  }
}
