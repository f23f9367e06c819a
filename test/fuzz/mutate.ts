/** What breaks parsers: signs of the formats that are read here, limits of numbers, what is no UTF-8. */
const tokens = [
  ..."\0\n\r\t \"'`{}[]()<>:;,.#&*!|=@%$\\/?-~^",
  ...["\r\n", "\n\n", "  ", "<<: ", "*a", "&a ", "!!js/function ", "? ", "- ", "---\n", "../", "%00", "\u2028"],
  ...["__proto__", "constructor", "toString", "null", "true", "NaN", "-0", "1e999", "0x", "99999999999999999999"],
  ...[
    "-1",
    "65536",
    "4294967296",
    "9007199254740993",
    "[[[[[[[[",
    "{{{{",
    "**********",
    "(a+)+$",
    "aaaaaaaaaaaaaaaaaaaa!",
  ],
].map((text) => Buffer.from(text));
const bytes = [0x00, 0x7f, 0x80, 0xc0, 0xed, 0xfe, 0xff];

/** Bytes of an input at most: more would be slow for what was to be learnt. */
const most = 64 * 1024;

/**
 * One more input, made of others: bits flipped, parts cut out, doubled, exchanged between two, tokens put in.
 *
 * @param seeds at least one
 * @param next numbers in [0, 1): the same numbers, the same input
 */
export function mutate(seeds: readonly Buffer[], next: () => number): Buffer {
  const below = (limit: number): number => Math.floor(next() * limit);
  const one = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  let input: Buffer = Buffer.from(one(seeds));
  // Few changes mostly, so that what is behind the first check is met too.
  for (let left = 1 + Math.floor(next() ** 3 * 12); left > 0; left -= 1) {
    const at = below(input.length + 1);
    const length = Math.floor(next() ** 2 * Math.min(200, input.length - at));
    const [before, part, after] = [input.subarray(0, at), input.subarray(at, at + length), input.subarray(at + length)];
    const changes: readonly (() => Buffer)[] = [
      () => Buffer.concat([before, one(tokens), input.subarray(at)]),
      () => Buffer.concat([before, one(tokens), after]),
      () => Buffer.concat([before, after]),
      () => Buffer.concat([before, ...Array.from({ length: 1 + below(60) }, () => part), after]),
      () => Buffer.concat([before, Buffer.from([one(bytes)]), input.subarray(at + 1)]),
      () => Buffer.concat([before, Buffer.from([(input[at] ?? 0) ^ (1 << below(8))]), input.subarray(at + 1)]),
      () => before,
      () => {
        const other = one(seeds);
        const from = below(other.length + 1);
        return Buffer.concat([before, other.subarray(from, from + below(400)), after]);
      },
      () => {
        // A number that is written there gets another value.
        const text = input.toString("latin1");
        const found = [...text.matchAll(/\d+/g)];
        const number = found[below(found.length)];
        if (number === undefined) return input;
        const value = one(["0", "-1", "1", "65536", "4294967295", "1e309", "99999999999999999999", "0.1"]);
        return Buffer.from(text.slice(0, number.index) + value + text.slice(number.index + number[0].length), "latin1");
      },
    ];
    input = one(changes)().subarray(0, most);
  }
  return input;
}
