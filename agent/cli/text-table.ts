import { columns, printable } from "./terminal.ts";

/** A line of a table, and what is to be said below it: in a column of its own it would not fit a terminal. */
export interface Row {
  readonly cells: readonly string[];
  readonly note?: string | undefined;
}

/** Aligned columns under their heads, the notes indented below their lines; nothing where there is no row. */
export function textTable(heads: readonly string[], rows: readonly Row[], colours: boolean): readonly string[] {
  if (rows.length === 0) return [];
  const [head = "", ...lines] = columns(
    heads,
    rows.map(({ cells }) => cells),
    colours,
  );
  const noted = lines.flatMap((line, index) => {
    const note = printable(rows[index]?.note ?? "");
    return note === "" ? [line] : [line, `  ${note}`];
  });
  return [head, ...noted];
}
