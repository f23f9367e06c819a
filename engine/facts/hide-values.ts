import type { Sealed } from "../secrets/sealed.ts";

/** What stands for a value that nobody may see, and whose name nobody knows. */
export const hidden = "«hidden»";

/** Passwords of ours have at least as many characters (engine/secrets/secret-store.ts). */
const LEAST = 16;

/**
 * Makes a line of a file that holds secrets printable, though the values in it may be older,
 * foreign, or somebody's own, and so are known to no one:
 *
 * 1. A line with a word that leads to a secret in the wanted text is that word alone.
 * 2. A line that begins as a line of the wanted text does, is shown, but for what is as long
 *    as a password and not in the wanted text.
 * 3. Any other line is not shown.
 *
 * @param wanted the text the file should have, secrets by name
 */
export function hideValues(wanted: Sealed): (line: string) => string {
  const lines = wanted.split("\n");
  const secret = new Set(lines.flatMap(leading));
  const known = new Set(lines.flatMap((line) => words(line).slice(0, 1)));
  const whole = new Set(lines.map((line) => line.trim()));
  return (line) => {
    if (whole.has(line.trim())) return line;
    const indent = /^\s*/.exec(line)?.[0] ?? "";
    const own = words(line);
    const leads = own.find((word) => secret.has(word));
    if (leads !== undefined) return `${indent}${leads} ${hidden}`;
    if (!known.has(own[0] ?? "")) return `${indent}${hidden}`;
    return line.replace(/[^\s"',]+/g, (part) => (part.length < LEAST || wanted.includes(part) ? part : hidden));
  };
}

/** Words before a secret's mark: the line's first, and the one beside it. */
function leading(line: string): string[] {
  return [...line.matchAll(/«secret:/g)].flatMap(({ index }) => {
    const before = words(line.slice(0, index));
    return [...before.slice(0, 1), ...before.slice(-1)];
  });
}

function words(line: string): string[] {
  return line.match(/[\p{L}\p{N}_][\p{L}\p{N}_.-]*/gu) ?? [];
}
