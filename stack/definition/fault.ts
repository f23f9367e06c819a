/** One thing wrong in a definition, and where: path of keys and indexes. */
export interface Fault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Point at the last key of the path, not at its value. */
  readonly atKey?: boolean;
}
