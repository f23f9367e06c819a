import type { PutOptions } from "./put-over.ts";

export interface BorrowedFile extends Pick<PutOptions, "onProgress" | "patience"> {
  /** Path here. */
  readonly path: string;
  /** Path there, where no file is yet. */
  readonly remote: string;
}
