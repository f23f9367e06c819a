import type { Counts, Took } from "./tap-counts.ts";

const slowest = 10;

/**
 * What a run ends with: what took longest, each phase's seconds, what was skipped, what failed,
 * and last, alone on its line, "N passed, N failed".
 *
 * @param strict what was skipped failed
 */
export function report(counts: Counts, phases: readonly Took[], strict: boolean): { text: string; good: boolean } {
  const failed = counts.failed + (strict ? counts.skipped.length : 0);
  const longest = counts.took.toSorted((a, b) => b.seconds - a.seconds).slice(0, slowest);
  const lines = [
    "",
    ...table("what took longest, in seconds", longest),
    "",
    ...table("phases, in seconds", phases),
    "",
    ...counts.skipped.map((skipped) => `skipped: ${skipped}`),
    ...counts.failures.map((failure) => `failed:  ${failure}`),
    `${counts.passed} passed, ${failed} failed`,
  ];
  return { text: `${lines.join("\n")}\n`, good: failed === 0 && counts.passed > 0 };
}

function table(title: string, rows: readonly Took[]): string[] {
  return [title, ...rows.map(({ what, seconds }) => `${seconds.toFixed(1).padStart(8)}  ${what}`)];
}
