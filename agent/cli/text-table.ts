import { alignedLines } from "../../lib/cli/text.ts";
import { coloured, printable } from "./output.ts";

/** A line of a table, and what is to be said below it: in a column of its own it would not fit a terminal. */
export interface Row {
  readonly cells: readonly string[];
  readonly note?: string | undefined;
}

/** What stands under each other by its last digit. */
const figure = /^$|^\d+\.\d+(?: s)?$|^(?:\d+ × )?\d+ MiB$/;

/**
 * Aligned columns under their heads, figures to the right, the notes indented below their lines;
 * nothing where there is no row. Columns with nothing in them are left out, so are control characters.
 */
export function textTable(heads: readonly string[], rows: readonly Row[], colours: boolean): readonly string[] {
  if (rows.length === 0) return [];
  const kept = heads.map((_, index) => index).filter((index) => rows.some(({ cells }) => (cells[index] ?? "") !== ""));
  const cells = rows.map((row) => kept.map((index) => printable(row.cells[index] ?? "")));
  const [head = "", ...lines] = alignedLines([kept.map((index) => heads[index] ?? ""), ...cells], {
    right: (column) => cells.every((row) => figure.test(row[column] ?? "")),
    style: (cell, line) => (line === 0 ? cell : coloured(cell, colours)),
  });
  const noted = lines.flatMap((line, index) => {
    const note = printable(rows[index]?.note ?? "");
    return note === "" ? [line] : [line, `  ${note}`];
  });
  return [head, ...noted];
}
