/** A parser of what comes from elsewhere. */
export interface Target {
  /** `[a-z-]+`; inputs that were worth keeping are in test/fuzz/corpus/NAME. */
  readonly name: string;
  /** Inputs that it takes: others are made of them. */
  seeds(): Promise<readonly Buffer[]> | readonly Buffer[];
  /**
   * Reads the input. It may give anything, or throw a StackError; any other error is a fault, and so is
   * what it finds wrong itself.
   */
  read(input: Buffer): unknown;
  /** Makes an input whole again in what must be right for anything else to be looked at, a checksum. */
  readonly mended?: (input: Buffer) => Buffer;
  /** How many times fewer rounds: it starts processes. */
  readonly slow?: number;
  close?(): Promise<void>;
}
