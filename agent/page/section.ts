import type { Markup } from "./markup.ts";

/** An element of the page that changes as one. */
export interface Piece {
  /** The element's `id`. */
  readonly id: string;
  readonly content: Markup;
}

/** A part of the page. What is around its pieces depends on nothing but which there are. */
export interface Section {
  readonly pieces: readonly Piece[];
  frame(contents: readonly Markup[]): Markup;
}
