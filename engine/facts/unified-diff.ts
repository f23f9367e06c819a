import { type StructuredPatchHunk, structuredPatch } from "diff";

type Hunks = StructuredPatchHunk[];

/** Lines that may differ; texts with more are shown as replaced whole. */
const MOST = 2000;

/**
 * How one text becomes another, as the hunks of a unified diff, three lines around each.
 *
 * @param show what is printed of a line that goes
 * @returns no line where the texts are the same
 */
export function unifiedDiff(have: string, want: string, show = (line: string): string => line): string[] {
  const hunks = between(have, want, MOST) ?? replaced(between(have, ""), between("", want));
  return hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
    // What is empty begins after the line before it.
    `@@ -${oldLines === 0 ? oldStart - 1 : oldStart},${oldLines} +${newLines === 0 ? newStart - 1 : newStart},${newLines} @@`,
    ...lines.map((line) => (line.startsWith("-") ? `-${show(line.slice(1))}` : line)),
  ]);
}

function replaced([gone]: Hunks = [], [come]: Hunks = []): Hunks {
  if (gone === undefined || come === undefined) return [];
  const { newStart, newLines } = come;
  return [{ ...gone, newStart, newLines, lines: [...gone.lines, ...come.lines] }];
}

/** @param most undefined where more lines differ */
function between(have: string, want: string, most?: number): Hunks | undefined {
  const options = { context: 3, ...(most === undefined ? {} : { maxEditLength: most }) };
  return structuredPatch("", "", have, want, undefined, undefined, options)?.hunks;
}
