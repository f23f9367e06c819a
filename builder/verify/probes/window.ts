/**
 * Looks through content that comes in chunks as if it were whole, for things of up to
 * `longest` bytes: at each chunk by itself, and at every seam between two. A thing may be
 * seen more than once, the first time cut short.
 */
export function window(longest: number, look: (bytes: Buffer) => void): (chunk: Buffer) => void {
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    if (held.length > 0) look(Buffer.concat([held, chunk.subarray(0, longest)]));
    look(chunk);
    const left = longest - chunk.length;
    // A copy: a view would keep the chunk it lies in.
    held = left > 0 ? Buffer.concat([held.subarray(-left), chunk]) : Buffer.from(chunk.subarray(-longest));
  };
}

/** Each place where a text begins. */
export function* places(bytes: Buffer, text: string): Generator<number> {
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) yield at;
}
