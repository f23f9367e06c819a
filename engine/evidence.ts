/** One file of a support bundle: what helps to understand a stack from afar. Holds no value of an event, key or message. */
export interface Evidence {
  /** In the archive. */
  readonly path: string;
  /** What it is, for the list of contents. */
  readonly about: string;
  collect(): Promise<string>;
}
