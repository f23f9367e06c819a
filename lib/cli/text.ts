/** Bytes as a person reads them: "812 kB", "296 MB", "1.2 GB". */
export function bytesText(bytes: number): string {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Milliseconds as a person reads an age: "12 s", "5 min", "3 h", "9 days". */
export function ageText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** Rows in columns; the last one is as long as it is. */
export function columns(rows: readonly (readonly string[])[]): string {
  return alignedLines(rows)
    .map((line) => `${line}\n`)
    .join("");
}

export interface Alignment {
  /** Whether a column's cells stand to the right. Default: none. */
  readonly right?: (column: number) => boolean;
  /** A padded cell as it is printed: in a colour, which has no width. */
  readonly style?: (cell: string, row: number) => string;
}

/** Rows as lines, a cell below the other; the last cell of a row is as long as it is. */
export function alignedLines(rows: readonly (readonly string[])[], alignment: Alignment = {}): readonly string[] {
  const { right = () => false, style = (cell) => cell } = alignment;
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  const padded = (cell: string, at: number, row: readonly string[]): string => {
    if (right(at)) return cell.padStart(widths[at] ?? 0);
    return at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0);
  };
  return rows.map((row, number) =>
    row
      .map((cell, at) => style(padded(cell, at, row), number))
      .join("  ")
      .trimEnd(),
  );
}
