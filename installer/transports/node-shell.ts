import type { ExecOptions, ExecResult } from "../ssh/exec-over.ts";
import type { Way } from "./transport.ts";

/** Where a node's own commands are run as its root. */
export interface NodeShell {
  readonly way: Way;
  /** As people are told of it. */
  readonly where: string;
  /**
   * Runs a program there; each word arrives as it is.
   *
   * @throws StackError `node-unreachable` (nothing was run), `connection-lost` (it may have been), `timeout`, `aborted`
   */
  exec(argv: readonly string[], options?: Omit<ExecOptions, "stdin">): Promise<ExecResult>;
  /**
   * Puts a file there and runs a program on it; the file is gone afterwards, unless the program moved it.
   *
   * @throws StackError as `exec`, and `put-failed`, `put-stalled`
   */
  execWithFile(file: ShellFile, argv: readonly string[], options?: Pick<ExecOptions, "onLine">): Promise<ExecResult>;
  close(): void;
}

export interface ShellFile {
  readonly path: string;
  readonly remote: string;
  readonly bytes: number;
  readonly onProgress?: ((sent: number) => void) | undefined;
}
