import type { Entry } from "../archive/archive-of-entries.ts";
import type { TreeFile } from "./template-trees.ts";

/** An entry of the user's. */
export type OwnEntry = Entry & { readonly content: Entry["content"] | CopiedFile };

/** In the layer's key, which is made of JSON, a copied file counts by its content, not by where it lies. */
export interface CopiedFile {
  readonly kind: "file";
  readonly from: string;
  readonly sha256: string;
  readonly toJSON: () => unknown;
}

/** A file of the user's that is put at a place of its own, and the entry it becomes. */
export interface PlacedFile {
  readonly file: TreeFile;
  readonly entry: OwnEntry;
}
