/** Bytes that come in chunks, taken in lengths. */
export interface ByteReader {
  /** Exactly `length` bytes, fewer only at the end. */
  take(length: number): Promise<Buffer>;
  /** Whatever is there next; empty at the end. */
  some(): Promise<Buffer>;
  /** Whether there is nothing more. */
  ended(): Promise<boolean>;
  /**
   * The next `length` bytes; an iteration that is left early is taken up by the next
   * one.
   *
   * @param cut what is thrown where they are not all there
   */
  stream(length: number, cut: () => Error): AsyncIterable<Buffer>;
  /** Nothing more is wanted: what brings the bytes may stop. */
  close(): Promise<void>;
}

export function byteReader(source: AsyncIterable<Buffer>): ByteReader {
  const chunks = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  const some = async (): Promise<Buffer> => {
    if (held.length > 0) {
      const all = held;
      held = Buffer.alloc(0);
      return all;
    }
    for (;;) {
      const { value, done } = await chunks.next();
      if (done === true) return held;
      if (value.length > 0) return value;
    }
  };
  return {
    some,
    ended: async () => {
      held = await some();
      return held.length === 0;
    },
    close: async () => {
      await chunks.return?.();
    },
    take: async (length) => {
      const parts: Buffer[] = [];
      let missing = length;
      while (missing > 0) {
        const chunk = await some();
        if (chunk.length === 0) break;
        parts.push(chunk.subarray(0, missing));
        held = chunk.subarray(Math.min(missing, chunk.length));
        missing -= Math.min(missing, chunk.length);
      }
      return parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
    },
    stream: (length, cut) => {
      let missing = length;
      const generate = async function* (): AsyncGenerator<Buffer> {
        while (missing > 0) {
          const chunk = await some();
          if (chunk.length === 0) throw cut();
          held = chunk.subarray(Math.min(missing, chunk.length));
          missing -= Math.min(missing, chunk.length);
          yield chunk.subarray(0, chunk.length - held.length);
        }
      };
      return { [Symbol.asyncIterator]: generate };
    },
  };
}
