import type { BorrowedFile } from "./borrowed-file.ts";
import type { ExecOptions, ExecResult } from "./exec-over.ts";
import type { PutOptions } from "./put-over.ts";

/** One connection to a machine, over which commands run side by side. */
export interface Ssh {
  /** As it is typed: `root@pve1:2222`. */
  readonly where: string;
  /** False once the connection is lost or closed. */
  readonly isOpen: () => boolean;
  /**
   * Runs a program there and waits for it; each word of `argv` arrives as it is.
   *
   * @throws StackError `timeout`, `aborted`, `session-refused`, `connection-lost` (it may have run, or run still)
   */
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /**
   * Copies a file there, over SFTP, into a path where no file is yet; mode 0600.
   *
   * @throws StackError `put-failed`, `put-stalled`, `aborted`, `connection-lost`; what was written stays
   */
  put(path: string, remote: string, options?: PutOptions): Promise<void>;
  /**
   * Copies a file there, as `put`, and runs a program on it. However that ends, by a lost
   * connection too, the file is taken away again, unless the program has moved it.
   *
   * @throws StackError as `put` and `exec`
   */
  execWithFile(file: BorrowedFile, argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  close(): void;
}
