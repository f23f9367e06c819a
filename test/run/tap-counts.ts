import { type FinalResults, Parser, type Result } from "tap-parser";

/** How a tap run went, counted by the promises that test files make: their top-level tests. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** `FILE: TEST: REASON` of each. */
  readonly skipped: readonly string[];
  /** `FILE: TEST` of each, and on lines of their own, indented, what of it didn't hold. */
  readonly failures: readonly string[];
  readonly took: readonly Took[];
}

export const nothingCounted: Counts = { passed: 0, failed: 0, skipped: [], failures: [], took: [] };

/** What one of the parts took that a person may want to make quicker: a test file, a build. */
export interface Took {
  readonly what: string;
  readonly seconds: number;
}

/**
 * Counts a raw TAP stream of test files: they are at the first level, their tests below.
 * A file that breaks outside any test counts as one failure.
 */
export function tapCounts(): { write(chunk: string): void; end(): Counts } {
  const counts = { ...nothingCounted, skipped: [] as string[], failures: [] as string[], took: [] as Took[] };
  const parser = new Parser();
  parser.on("assert", ({ ok, name, time }: Result) => {
    if (time !== null) counts.took.push({ what: name, seconds: time / 1000 });
    if (ok || counts.failures.some((failure) => failure.startsWith(`${name}: `))) return;
    counts.failed++;
    counts.failures.push(`${name}: ended badly`);
  });
  parser.on("child", (file) => {
    let tests = 0;
    let below: string[] = [];
    const skip = (label: string, why: unknown): void => void counts.skipped.push(`${label}: ${String(why)}`);
    file.on("assert", (result: Result) => {
      tests++;
      const label = `${file.name}: ${result.name}`;
      if (result.skip !== false || result.todo !== false) skip(label, result.skip || result.todo);
      else if (result.ok) counts.passed++;
      else {
        counts.failed++;
        counts.failures.push([label, ...(below.length > 0 ? below : reason(result))].join("\n"));
      }
    });
    file.on("child", (test: Parser) => {
      below = [];
      skippedBelow(test, `${file.name}: ${test.name}`, skip);
      failedBelow(test, below);
    });
    file.on("bailout", (reason: string) => {
      counts.failed++;
      counts.failures.push(`${file.name}: bailed out: ${reason}`);
    });
    file.on("complete", (results: FinalResults) => {
      if ((results.ok || results.fail > 0 || results.bailout) && tests > 0) return;
      counts.failed++;
      counts.failures.push(`${file.name}: ended badly after ${tests} tests`);
    });
  });
  return {
    write: (chunk) => void parser.write(chunk),
    end: () => {
      parser.end();
      return counts;
    },
  };
}

/** A part of a test that was skipped was not proven either. */
function skippedBelow(test: Parser, label: string, skip: (label: string, why: unknown) => void): void {
  test.on("assert", (result: Result) => {
    if (result.skip !== false || result.todo !== false) skip(`${label}: ${result.name}`, result.skip || result.todo);
  });
  test.on("child", (inner: Parser) => skippedBelow(inner, `${label}: ${inner.name}`, skip));
}

/** A test within it is not told, but what of that one didn't hold. */
function failedBelow(test: Parser, reasons: string[]): void {
  let inner = "";
  test.on("assert", (result: Result) => {
    if (!result.ok && result.name !== inner) reasons.push(...reason(result));
  });
  test.on("child", (child: Parser) => {
    inner = child.name;
    failedBelow(child, reasons);
  });
}

/** Lines of a difference that are enough to know it by. */
const differing = 12;

/** What was asserted, and how it differs: a log may be cut where it is told in full. */
function reason({ name, diag }: Result): string[] {
  const { diff, at } = (diag ?? {}) as { diff?: string; at?: { fileName?: string; lineNumber?: number } };
  const place = at?.fileName === undefined ? "" : ` (${at.fileName}:${at.lineNumber})`;
  const lines = (diff ?? "").split("\n").filter((line) => /^[-+](?!--|\+\+)/.test(line));
  const shown = lines.length > differing ? [...lines.slice(0, differing), "…"] : lines;
  return [`${name}${place}`, ...shown.map((line) => `  ${line}`)].map((line) => `    ${line}`);
}

export function sum(all: readonly Counts[]): Counts {
  return {
    passed: all.reduce((total, counts) => total + counts.passed, 0),
    failed: all.reduce((total, counts) => total + counts.failed, 0),
    skipped: all.flatMap((counts) => counts.skipped),
    failures: all.flatMap((counts) => counts.failures),
    took: all.flatMap((counts) => counts.took),
  };
}
