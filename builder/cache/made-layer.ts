/** A layer as its function made it. */
export interface MadeLayer {
  /** Its archive, as it comes. */
  readonly archive: AsyncIterable<Buffer>;
  /** What later steps must know of it, as JSON; kept with it. Asked for when the archive has been read. */
  readonly facts?: () => Promise<unknown>;
}
