import { isErrno } from "./error.ts";

/**
 * For a program's start. When what reads its answer has had enough, as in
 * `stack-agent status | head`, it ends quietly; when nobody reads its progress, it goes on.
 */
export function endOnClosedPipe({ stdout, stderr, exit }: NodeJS.Process): void {
  stdout.on("error", (error) => {
    if (!isErrno(error, "EPIPE")) throw error;
    exit();
  });
  stderr.on("error", (error) => {
    if (!isErrno(error, "EPIPE")) throw error;
  });
}
