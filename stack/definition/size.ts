import * as z from "zod/mini";

const form = 'must be a size with its unit, e.g. "512 MiB" or "8 GiB"';
const units: Readonly<Record<string, number>> = { MiB: 1, GiB: 1024 };

/**
 * A size written as "512 MiB" or "8 GiB", read as whole MiB.
 * Bare numbers are refused: nobody can tell their unit.
 */
export function sizeMiB(what: string, options: { readonly least?: number; readonly most: number }) {
  const { least = 0, most } = options;
  return z.pipe(
    z.string(form).check(
      z.regex(/^\d{1,9} ?(MiB|GiB)$/, form),
      z.refine((text) => parseSize(text) >= least, `must be at least ${formatMiB(least)}`),
      z.refine((text) => !(parseSize(text) > most), `must be at most ${formatMiB(most)}`),
      z.describe(what),
    ),
    z.transform(parseSize),
  );
}

/** MiB of a text like "8 GiB"; NaN for anything else. */
export function parseSize(text: string): number {
  const match = /^(\d+) ?(MiB|GiB)$/.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * (units[match[2] ?? ""] ?? Number.NaN);
}

/** MiB as a person writes them: 8192 → "8 GiB". */
export function formatMiB(mib: number): string {
  return mib >= 1024 && mib % 1024 === 0 ? `${mib / 1024} GiB` : `${mib} MiB`;
}
