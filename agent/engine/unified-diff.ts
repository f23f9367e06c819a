/** Follows a last line that has no newline, as diff(1) says it. */
const unended = "\n\\ No newline at end of file";

/** Products of the differing parts' lengths from which on they are shown as replaced whole. */
const LIMIT = 4_000_000;

interface Edit {
  readonly kind: " " | "-" | "+";
  readonly line: string;
}

/**
 * How one text becomes another, as the hunks of a unified diff, three lines around each.
 *
 * @param show what is printed of a line that goes
 * @returns no line where the texts are the same
 */
export function unifiedDiff(have: string, want: string, show = (line: string): string => line): string[] {
  const edits = edit(linesOf(have), linesOf(want));
  const lines: string[] = [];
  let old = 1;
  let next = 1;
  let from = 0;
  for (const [first, last] of hunks(edits)) {
    for (; from < first; from += 1) {
      old += 1;
      next += 1;
    }
    const part = edits.slice(first, last + 1);
    const count = (but: Edit["kind"]): number => part.filter(({ kind }) => kind !== but).length;
    const [gone, come] = [count("+"), count("-")];
    lines.push(`@@ -${gone === 0 ? old - 1 : old},${gone} +${come === 0 ? next - 1 : next},${come} @@`);
    for (const { kind, line } of part) {
      const [own = "", ...note] = line.split("\n");
      lines.push(`${kind}${kind === "-" ? show(own) : own}`, ...note);
    }
    old += gone;
    next += come;
    from = last + 1;
  }
  return lines;
}

function linesOf(text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  const last = lines.pop();
  return last === "" ? lines : [...lines, `${last}${unended}`];
}

function edit(have: readonly string[], want: readonly string[]): Edit[] {
  let head = 0;
  while (head < have.length && head < want.length && have[head] === want[head]) head += 1;
  let tail = 0;
  const most = Math.min(have.length, want.length) - head;
  while (tail < most && have[have.length - 1 - tail] === want[want.length - 1 - tail]) tail += 1;
  const as = (kind: Edit["kind"], lines: readonly string[]): Edit[] => lines.map((line) => ({ kind, line }));
  return [
    ...as(" ", have.slice(0, head)),
    ...middle(have.slice(head, have.length - tail), want.slice(head, want.length - tail)),
    ...as(" ", have.slice(have.length - tail)),
  ];
}

/** By the longest common subsequence. */
function middle(have: readonly string[], want: readonly string[]): Edit[] {
  const width = want.length + 1;
  // Length of the longest common subsequence of what is left from (row, column) on.
  const lengths = new Uint32Array(have.length * want.length > LIMIT ? 0 : (have.length + 1) * width);
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  if (lengths.length > 0) {
    for (let row = have.length - 1; row >= 0; row -= 1) {
      for (let column = want.length - 1; column >= 0; column -= 1) {
        lengths[row * width + column] =
          have[row] === want[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
      }
    }
  }
  const edits: Edit[] = [];
  let row = 0;
  let column = 0;
  while (row < have.length || column < want.length) {
    const gone = have[row];
    const come = want[column];
    if (gone !== undefined && gone === come && lengths.length > 0) {
      edits.push({ kind: " ", line: gone });
      row += 1;
      column += 1;
    } else if (gone !== undefined && (come === undefined || at(row + 1, column) >= at(row, column + 1))) {
      edits.push({ kind: "-", line: gone });
      row += 1;
    } else if (come !== undefined) {
      edits.push({ kind: "+", line: come });
      column += 1;
    }
  }
  return edits;
}

/** First and last edit of each hunk: changes less than seven lines apart share one. */
function hunks(edits: readonly Edit[]): (readonly [first: number, last: number])[] {
  const found: [number, number][] = [];
  edits.forEach(({ kind }, index) => {
    if (kind === " ") return;
    const first = Math.max(0, index - 3);
    const last = Math.min(edits.length - 1, index + 3);
    const before = found.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = last;
    else found.push([first, last]);
  });
  return found;
}
