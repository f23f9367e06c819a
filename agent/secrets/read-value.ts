import { longestGivenSecret } from "../../engine/secrets/given-secrets.ts";
import { askSecretly, type Terminal } from "../../lib/cli/ask-secretly.ts";

export interface ReadValueOptions {
  /** Default standard input. */
  readonly input?: NodeJS.ReadableStream & Partial<Pick<Terminal, "setRawMode"> & { readonly isTTY: boolean }>;
  readonly signal: AbortSignal;
}

/**
 * A value from standard input: all that comes, or a line of a terminal, which doesn't show it. Of what
 * is too long no more is read than says so.
 *
 * @throws StackError `aborted`
 */
export async function readValue(name: string, { input = process.stdin, signal }: ReadValueOptions): Promise<Buffer> {
  if (input.isTTY === true) return askSecretly(`${name}: `, { signal, most: longestGivenSecret });
  const stop = (): void => {
    if ("destroy" in input && typeof input.destroy === "function") input.destroy();
  };
  signal.addEventListener("abort", stop, { once: true });
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of input) {
      chunks.push(Buffer.from(chunk));
      size += chunk.length;
      // A line end may follow the last byte that is allowed.
      if (size > longestGivenSecret + 2) break;
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
  return Buffer.concat(chunks);
}
